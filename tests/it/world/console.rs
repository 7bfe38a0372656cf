//! The web chat of a running bot, over HTTP as its page uses it: by somebody who has signed in with a password.

use super::eventually;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version, password_hash::SaltString};
use serde_json::{Value, json};

const PASSWORD: &str = "open sesame";

/// The part of a configuration that lets these people sign in.
pub(crate) fn configured(people: &[&str]) -> String {
    let mut text = "[console]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    for name in people {
        text.push_str(&format!("[[console.user]]\nname = \"{name}\"\npassword_hash = \"{}\"\n", cheap_hash()));
    }
    text
}

/// Argon2 at its least, so that a test does not wait for what is slow on purpose.
fn cheap_hash() -> String {
    let salt = SaltString::encode_b64(b"some salt for tests").unwrap();
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    cheap.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()
}

/// Somebody who is signed in.
pub(crate) struct Visitor {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

impl Visitor {
    pub(crate) async fn sign_in(url: &str, name: &str) -> Self {
        let mut visitor = Self { http: reqwest::Client::new(), url: url.to_owned(), cookie: String::new() };
        let answer = visitor.posting("/sign-in", &json!({ "name": name, "password": PASSWORD })).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 204);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        visitor.cookie = cookie.split(';').next().unwrap().to_owned();
        visitor
    }

    fn posting(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        request.header("cookie", &self.cookie).header("origin", &self.url).header("x-roundsman", "1")
    }

    fn getting(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie)
    }

    /// The status of an answer, and what it says.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.getting(path).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The same for what is sent.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let answer = self.posting(path, body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The rooms that the page offers.
    pub(crate) async fn rooms(&self) -> Vec<String> {
        let (_, session) = self.get("/session").await;
        let session: Value = serde_json::from_str(&session).unwrap();
        let rooms = session["rooms"].as_array().unwrap().iter();
        rooms.map(|room| room["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn say(&self, room: &str, text: &str) {
        let (status, said) = self.post(&format!("/rooms/{room}/messages"), &json!({ "text": text })).await;
        assert_eq!(status, 200, "{said}");
    }

    /// All that a room shows now.
    pub(crate) async fn reads(&self, room: &str) -> String {
        let mut answer = self.getting(&format!("/rooms/{room}/events")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let mut shown = Vec::new();
        while !String::from_utf8_lossy(&shown).contains("event: ready") {
            shown.extend(answer.chunk().await.unwrap().expect("the stream ended before it was ready"));
        }
        String::from_utf8(shown).unwrap()
    }

    /// Waits until a room shows this.
    pub(crate) async fn sees(&self, room: &str, text: &str) {
        eventually(&format!("the room {room} to show {text:?}"), async || {
            self.reads(room).await.contains(text).then_some(())
        })
        .await;
    }
}
