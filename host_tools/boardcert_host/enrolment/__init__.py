"""What ways to a CA elsewhere share: the board's request, its chain, what is kept, renewals."""
