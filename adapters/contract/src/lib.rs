//! What the core and the chat platforms say to each other.
