//! Remedies in words.
