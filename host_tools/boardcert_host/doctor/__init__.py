"""What on this computer is in the way of boardcert, and what to do about it."""
