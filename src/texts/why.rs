//! Cause chains in words.
