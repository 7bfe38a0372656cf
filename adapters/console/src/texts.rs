//! Every sentence that the server side of the console shows to people; those of the page are in `assets/texts.js`.

pub(crate) const NOT_OURS: &str = "this is not a message of the bot in the console";
pub(crate) const GONE: &str = "the message is gone";
pub(crate) const TO_NOBODY: &str = "a private answer needs the person that it is for";

pub(crate) const SIGNED_OUT: &str = "You are signed out. Sign in again.";
pub(crate) const NO_SUCH_ROOM: &str = "There is no such room.";
pub(crate) const NO_SUCH_FILE: &str = "There is no such file.";
pub(crate) const NO_SUCH_PAGE: &str = "There is no such page.";
pub(crate) const FOREIGN_PAGE: &str = "This request did not come from the chat's own page.";
pub(crate) const WRONG_HOST: &str = "This server does not answer under this name.";
pub(crate) const WRONG_PASSWORD: &str = "Name or password is wrong.";
pub(crate) const TOO_MANY_TRIES: &str = "Too many attempts. Wait a minute, then try again.";
pub(crate) const TOO_MANY_READERS: &str = "Too many pages are open.";
pub(crate) const NO_PASSWORDS: &str = "Sign in with the link that the bot prints when it starts.";
pub(crate) const EMPTY: &str = "Write something first.";
pub(crate) const REPLIED_TO_NOTHING: &str = "The message that you reply to is gone.";
pub(crate) const NO_BUTTON: &str = "This button is no longer there. Look at the card again.";
pub(crate) const NOT_RUNNING: &str = "The bot is starting or stopping. Nothing was sent; try again in a moment.";
pub(crate) const BUSY: &str = "The bot has too much to do. Nothing was sent; try again in a moment.";
pub(crate) const NOT_STORED: &str = "The bot could not store this. Nothing was sent; try again in a moment.";

pub(crate) fn no_room(room: &str) -> String {
    format!("the console has no room {room:?}")
}

pub(crate) fn too_long(most: usize) -> String {
    format!("This is too long: at most {most} characters.")
}
