//! `roundsman hash-password`: the hash that a console user's entry needs.

use anyhow::{Context, bail};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, SaltString},
};
use rand::RngCore;
use std::{
    io::{BufRead, Write},
    process::ExitCode,
};

/// Reads a password from a line of the input and prints its hash.
///
/// # Errors
/// When the line is shorter than 8 characters, or nothing can be read.
pub(super) fn run(input: &mut impl BufRead, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut line = String::new();
    input.read_line(&mut line).context("reading the password from the input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.chars().count() < 8 {
        bail!(
            "give a password of at least 8 characters on the input, for example: read -s P; printf %s \"$P\" | roundsman hash-password"
        );
    }
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let salt = SaltString::encode_b64(&bytes).map_err(|error| anyhow::anyhow!("salting: {error}"))?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
    writeln!(out, "{hash}")?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::run;
    use argon2::{Argon2, PasswordHash, PasswordVerifier};

    #[test]
    fn what_it_prints_verifies() {
        let mut out = Vec::new();
        run(&mut "correct horse\n".as_bytes(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let hash = PasswordHash::new(text.trim()).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &hash).is_ok());
        assert!(run(&mut "short\n".as_bytes(), &mut Vec::new()).is_err());
    }
}
