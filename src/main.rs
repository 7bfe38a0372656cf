//! The thin binary: the only place that names the platforms.

use roundsman::{
    cli::{self, ConsoleOrder, ConsoleRoom, Opened, Platforms},
    clock::Clock,
    config::{DiscordSettings, TelegramSettings},
};
use secrecy::ExposeSecret;
use std::{process::ExitCode, sync::Arc};

fn main() -> ExitCode {
    cli::main(Platforms { telegram: open_telegram, discord: open_discord, console: open_console })
}

fn open_telegram(settings: &TelegramSettings) -> anyhow::Result<Arc<dyn contract::Adapter>> {
    let token = telegram::BotToken::new(settings.token.expose_secret());
    let config = telegram::Config { api_url: settings.api_url.clone(), ..telegram::Config::new(token) };
    let clock = Clock::system();
    Ok(Arc::new(telegram::Telegram::new(config, telegram::Clock::new(move || clock.now()))?))
}

fn open_discord(settings: &DiscordSettings) -> anyhow::Result<Arc<dyn contract::Adapter>> {
    let config = discord::Config {
        api_url: settings.api_url.clone(),
        guilds: settings.guilds.clone(),
        ..discord::Config::new(settings.token.expose_secret())
    };
    Ok(Arc::new(discord::Discord::new(config)?))
}

fn open_console(order: ConsoleOrder) -> anyhow::Result<Opened> {
    let user =
        |user: roundsman::config::ConsoleUser| console::User { name: user.name, password_hash: user.password_hash };
    let room = |room: ConsoleRoom| console::Room { id: room.id, title: room.title, readers: room.readers };
    let config = console::Config {
        listen: order.listen,
        public_url: order.public_url,
        rooms: order.rooms.into_iter().map(room).collect(),
        sign_in: match order.users {
            Some(users) => console::SignIn::Password { users: users.into_iter().map(user).collect() },
            None => console::SignIn::OneTimeLink { name: "owner".to_owned() },
        },
        log_path: order.log,
        clean: order.clean,
        ..console::Config::default()
    };
    let console = console::Console::bind(config)?;
    let (url, link) = (console.url(), console.one_time_link());
    Ok(Opened { adapter: Arc::new(console), url, link })
}
