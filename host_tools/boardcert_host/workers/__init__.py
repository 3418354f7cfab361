"""Work that several computers share: jobs in the inventory's PostgreSQL, and those who do them."""
