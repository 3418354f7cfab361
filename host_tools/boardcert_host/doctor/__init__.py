"""Problems of this computer that affect boardcert, and what to do about them."""
