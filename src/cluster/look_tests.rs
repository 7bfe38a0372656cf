//! What single questions answer.
