"""The package for boards, compiled for their processors."""
