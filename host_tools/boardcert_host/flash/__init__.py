"""From a new board to one that is pinned: images, boot loaders, the whole sequence."""
