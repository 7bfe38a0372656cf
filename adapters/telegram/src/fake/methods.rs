//! The methods of the Bot API that the adapter uses, with the limits that the real one enforces.

use super::{
    form::Form,
    html,
    json::bot_json,
    refusal::Refusal,
    world::{Author, Bot, FakeButton, FakeFile, FakeMessage, Kind, World},
};
use serde_json::{Value, json};

const TEXT: usize = 4096;
const CAPTION: usize = 1024;
const CALLBACK_DATA: usize = 64;
const BUTTONS: usize = 100;
const PHOTO_BYTES: usize = 10_000_000;
const DOCUMENT_BYTES: usize = 50_000_000;
const QUERY_TOO_OLD: &str = "query is too old and response timeout expired or query ID is invalid";
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the \
     same as a current content and reply markup of the message";

/// Runs a method (in lower case) at once; `getUpdates` is the server's because it waits.
pub(super) fn run(world: &mut World, method: &str, form: &Form) -> Result<Value, Refusal> {
    match method {
        "getme" => {
            let mut me = bot_json();
            for key in [
                "can_join_groups",
                "can_read_all_group_messages",
                "supports_inline_queries",
                "can_connect_to_business",
                "has_main_web_app",
            ] {
                me[key] = json!(key == "can_join_groups");
            }
            Ok(me)
        }
        "setmycommands" => set_my_commands(world, form),
        "setwebhook" => {
            world.webhook = form.text("url").filter(|url| !url.is_empty());
            Ok(json!(true))
        }
        "deletewebhook" => {
            world.webhook = None;
            Ok(json!(true))
        }
        "sendmessage" => send_message(world, form),
        "sendphoto" => send_file(world, form, true),
        "senddocument" => send_file(world, form, false),
        "sendchataction" => {
            let chat = writable_chat(world, form)?;
            if form.text("action").is_none_or(|action| action.is_empty()) {
                return Err(Refusal::bad("wrong parameter action in request"));
            }
            world.chat(chat).actions += 1;
            Ok(json!(true))
        }
        "editmessagetext" => edit(world, form, false),
        "editmessagecaption" => edit(world, form, true),
        "editmessagereplymarkup" => edit_markup(world, form),
        "deletemessage" => delete_message(world, form),
        "answercallbackquery" => answer_callback_query(world, form),
        _ => Err(Refusal::new(404, "Not Found: method not found")),
    }
}

fn set_my_commands(world: &mut World, form: &Form) -> Result<Value, Refusal> {
    let list = form.object("commands").and_then(|list| list.as_array().cloned()).unwrap_or_default();
    if list.len() > 100 {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    let mut commands = Vec::new();
    for entry in list {
        let name = entry["command"].as_str().unwrap_or_default().to_owned();
        let description = entry["description"].as_str().unwrap_or_default().to_owned();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(is_name) {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&description.chars().count()) {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
        commands.push((name, description));
    }
    world.commands = commands;
    Ok(json!(true))
}

fn send_message(world: &mut World, form: &Form) -> Result<Value, Refusal> {
    let chat = writable_chat(world, form)?;
    let (text, html) = visible(form, "text", TEXT, "message is too long")?;
    if text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    post(world, form, chat, text, html, None)
}

fn send_file(world: &mut World, form: &Form, is_photo: bool) -> Result<Value, Refusal> {
    let chat = writable_chat(world, form)?;
    let field = if is_photo { "photo" } else { "document" };
    let Some((_, name, bytes)) = form.file.clone().filter(|(name, _, _)| name == field) else {
        return Err(Refusal::bad(&format!("there is no {field} in the request")));
    };
    if bytes.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }
    if bytes.len() > if is_photo { PHOTO_BYTES } else { DOCUMENT_BYTES } {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    let is_image = bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8");
    if is_photo && !is_image {
        return Err(Refusal::bad("IMAGE_PROCESS_FAILED"));
    }
    let (text, html) = visible(form, "caption", CAPTION, "message caption is too long")?;
    post(world, form, chat, text, html, Some(FakeFile { is_photo, name, bytes }))
}

fn post(
    world: &mut World,
    form: &Form,
    chat: i64,
    text: String,
    html: String,
    file: Option<FakeFile>,
) -> Result<Value, Refusal> {
    let buttons = keyboard(form)?;
    let thread = form.number("message_thread_id");
    if let Some(thread) = thread
        && !world.chat(chat).topics.contains(&thread)
    {
        return Err(Refusal::bad("message thread not found"));
    }
    let mut reply_to = None;
    if let Some(reply) = form.object("reply_parameters") {
        let wanted = reply["message_id"].as_i64().unwrap_or_default();
        let stands = world.chat(chat).messages.iter().any(|message| message.id == wanted && !message.deleted);
        if stands {
            reply_to = Some(wanted);
        } else if reply["allow_sending_without_reply"] != json!(true) {
            return Err(Refusal::bad("message to be replied not found"));
        }
    }
    world.admit(chat, true)?;
    let id = world.new_message_id();
    let date = world.now;
    world.chat(chat).messages.push(FakeMessage {
        id,
        thread,
        text,
        html,
        buttons,
        reply_to,
        file,
        edits: Vec::new(),
        deleted: false,
        author: Author::Bot,
        date,
    });
    Ok(world.message_json(chat, id))
}

fn edit(world: &mut World, form: &Form, caption: bool) -> Result<Value, Refusal> {
    let chat = writable_chat(world, form)?;
    let (text, html) = match caption {
        true => visible(form, "caption", CAPTION, "MEDIA_CAPTION_TOO_LONG")?,
        false => visible(form, "text", TEXT, "MESSAGE_TOO_LONG")?,
    };
    let buttons = keyboard(form)?;
    let message = own_message(world, form, chat)?;
    match (&message.file, caption) {
        (Some(_), false) => return Err(Refusal::bad("there is no text in the message to edit")),
        (None, true) => return Err(Refusal::bad("there is no caption in the message to edit")),
        (Some(_), true) | (None, false) => {}
    }
    if text.is_empty() && !caption {
        return Err(Refusal::bad("message text is empty"));
    }
    if message.html == html && message.buttons == buttons {
        return Err(Refusal::bad(NOT_MODIFIED));
    }
    let id = message.id;
    world.admit(chat, false)?;
    let message = own_message(world, form, chat)?;
    message.edits.push(std::mem::replace(&mut message.text, text));
    message.html = html;
    message.buttons = buttons;
    Ok(world.message_json(chat, id))
}

fn edit_markup(world: &mut World, form: &Form) -> Result<Value, Refusal> {
    let chat = writable_chat(world, form)?;
    let buttons = keyboard(form)?;
    let message = own_message(world, form, chat)?;
    if message.buttons == buttons {
        return Err(Refusal::bad(NOT_MODIFIED));
    }
    message.buttons = buttons;
    let id = message.id;
    Ok(world.message_json(chat, id))
}

fn delete_message(world: &mut World, form: &Form) -> Result<Value, Refusal> {
    let chat = writable_chat(world, form)?;
    let now = world.now;
    let id = form.number("message_id").unwrap_or_default();
    let found = world.chat(chat).messages.iter_mut().find(|message| message.id == id && !message.deleted);
    match found {
        None => Err(Refusal::bad("message to delete not found")),
        Some(message) if message.author != Author::Bot || now - message.date > chrono::TimeDelta::hours(48) => {
            Err(Refusal::bad("message can't be deleted"))
        }
        Some(message) => {
            message.deleted = true;
            Ok(json!(true))
        }
    }
}

fn answer_callback_query(world: &mut World, form: &Form) -> Result<Value, Refusal> {
    if form.text("text").is_some_and(|text| text.chars().count() > 200) {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let id = form.text("callback_query_id").unwrap_or_default();
    match world.queries.get_mut(&id) {
        Some(query) if query.open => {
            query.open = false;
            query.answered = true;
            Ok(json!(true))
        }
        Some(_) | None => Err(Refusal::bad(QUERY_TOO_OLD)),
    }
}

/// The chat, if the bot may write there.
fn writable_chat(world: &mut World, form: &Form) -> Result<i64, Refusal> {
    let id = form.number("chat_id").ok_or_else(|| Refusal::bad("chat not found"))?;
    let Some(chat) = world.chats.get(&id) else {
        return Err(Refusal::bad("chat not found"));
    };
    if let Some(new) = chat.moved_to {
        return Err(Refusal::migrated(new));
    }
    match (chat.bot, chat.kind) {
        (Bot::Present, _) => Ok(id),
        (Bot::Muted, _) => Err(Refusal::bad("not enough rights to send text messages to the chat")),
        (Bot::Out, Kind::Private) => Err(Refusal::new(403, "Forbidden: bot was blocked by the user")),
        (Bot::Out, Kind::Group) => Err(Refusal::new(403, "Forbidden: bot was kicked from the group chat")),
        (Bot::Out, Kind::Supergroup | Kind::Forum) => {
            Err(Refusal::new(403, "Forbidden: bot was kicked from the supergroup chat"))
        }
    }
}

fn own_message<'a>(world: &'a mut World, form: &Form, chat: i64) -> Result<&'a mut FakeMessage, Refusal> {
    let id = form.number("message_id").unwrap_or_default();
    let found = world.chat(chat).messages.iter_mut().find(|message| message.id == id && !message.deleted);
    match found {
        None => Err(Refusal::bad("message to edit not found")),
        Some(message) if message.author != Author::Bot => Err(Refusal::bad("message can't be edited")),
        Some(message) => Ok(message),
    }
}

/// What people will see, and the source of it.
fn visible(form: &Form, field: &str, most: usize, too_long: &str) -> Result<(String, String), Refusal> {
    let source = form.text(field).unwrap_or_default();
    let text = match form.text("parse_mode").as_deref() {
        None => source.clone(),
        Some(mode) if mode.eq_ignore_ascii_case("html") => {
            html::parse(&source).map_err(|problem| Refusal::bad(&format!("can't parse entities: {problem}")))?
        }
        // Only HTML is spoken here; the real one knows the Markdowns too.
        Some(_) => return Err(Refusal::bad("unsupported parse_mode")),
    };
    let text = text.trim().to_owned();
    if text.encode_utf16().count() > most {
        return Err(Refusal::bad(too_long));
    }
    Ok((text, source))
}

fn keyboard(form: &Form) -> Result<Vec<Vec<FakeButton>>, Refusal> {
    let Some(markup) = form.object("reply_markup") else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for row in markup["inline_keyboard"].as_array().into_iter().flatten() {
        let mut keys = Vec::new();
        for key in row.as_array().into_iter().flatten() {
            let label = key["text"].as_str().unwrap_or_default().to_owned();
            if label.is_empty() {
                return Err(Refusal::bad("can't parse inline keyboard button: Field \"text\" must be of type String"));
            }
            let Some(data) = key["callback_data"].as_str() else {
                return Err(Refusal::bad(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
                ));
            };
            if data.is_empty() || data.len() > CALLBACK_DATA {
                return Err(Refusal::bad("BUTTON_DATA_INVALID"));
            }
            keys.push(FakeButton { label, data: data.to_owned() });
        }
        if !keys.is_empty() {
            rows.push(keys);
        }
    }
    if rows.iter().map(Vec::len).sum::<usize>() > BUTTONS {
        return Err(Refusal::bad("reply markup is too long"));
    }
    Ok(rows)
}
