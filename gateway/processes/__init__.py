"""The processes of a gateway: a master, which serves nobody and so can't be overloaded, and its workers."""
