//! A real browser for tests: Chromium through its WebDriver, with the few things that a person does in a chat.
//!
//! Every wait is for a state of the page and ends with an error that shows the page's text. Nothing leaves the
//! loopback: the browser resolves no other name. The browser ends with the driver, also when a test fails half way.

use reqwest12 as reqwest;
use serde_json::{Value, json};
use std::{fmt, path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How to get what is missing.
pub const INSTALL: &str =
    "apt-get update && apt-get install -y --no-install-recommends chromium chromium-driver fonts-dejavu";

const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    // The browser ends when the driver's end of the pipe closes.
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--force-color-profile=srgb",
];
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Width and height in CSS pixels.
const WINDOW: (u32, u32) = (1100, 900);
const PHONE: (u32, u32) = (390, 844);
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(40);

/// What the browser did not do.
#[derive(Debug)]
pub struct BrowserError(pub String);

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrowserError {}

impl From<reqwest::Error> for BrowserError {
    fn from(error: reqwest::Error) -> Self {
        Self(format!("the browser's driver does not answer: {error}"))
    }
}

/// The colours that the person has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// One browser with one window and a profile of its own.
#[derive(Debug)]
pub struct Browser {
    _driver: Child,
    _profile: Profile,
    http: reqwest::Client,
    session: String,
}

/// A directory that goes with the browser.
#[derive(Debug)]
struct Profile(std::path::PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the browser's profile stays behind");
        }
    }
}

impl Browser {
    /// Starts a browser with a window of 1100 by 900.
    ///
    /// # Errors
    /// When the browser or its driver is missing (the text says how to install it) or does not start.
    pub async fn start() -> Result<Self, BrowserError> {
        let missing = |what: &str, error: &dyn fmt::Display| {
            BrowserError(format!("{what}: {error}; this test needs Chromium and its driver: {INSTALL}"))
        };
        let profile = Profile(std::env::temp_dir().join(format!("roundsman-browser-{:016x}", rand::random::<u64>())));
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| missing("chromedriver does not start", &error))?;
        let output = driver.stdout.take().ok_or_else(|| BrowserError("chromedriver has no output".into()))?;
        let mut lines = BufReader::new(output).lines();
        let port = timeout(START, async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
                    return port.trim_end_matches('.').parse::<u16>().ok();
                }
            }
            None
        });
        let port = port.await.ok().flatten().ok_or_else(|| missing("chromedriver", &"it told no port"))?;
        let http = reqwest::Client::builder().no_proxy().timeout(START).build()?;
        let mut args: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        args.push(format!("--window-size={},{}", WINDOW.0, WINDOW.1));
        args.push(format!("--user-data-dir={}", profile.0.display()));
        let base = format!("http://127.0.0.1:{port}/session");
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer: Value = http.post(&base).json(&wanted).send().await?.json().await?;
        let Some(id) = answer["value"]["sessionId"].as_str() else {
            return Err(missing("chromium does not start", &answer["value"]["message"]));
        };
        let session = format!("{base}/{id}");
        Ok(Self { _driver: driver, _profile: profile, http, session })
    }

    /// Opens a page and waits until it has loaded.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn open(&self, url: &str) -> Result<(), BrowserError> {
        self.command("url", json!({ "url": url })).await.map(drop)
    }

    /// The size of the page in CSS pixels; below 600 wide it is a phone with a touch screen.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn size(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        let phone = width < 600;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone })).await
    }

    /// The person's colours.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn scheme(&self, scheme: Scheme) -> Result<(), BrowserError> {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await
    }

    /// The network, gone or back.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn offline(&self, offline: bool) -> Result<(), BrowserError> {
        self.devtools("Network.enable", json!({})).await?;
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", conditions).await
    }

    /// Types into the element; `\u{E007}` is Enter, `\u{E004}` Tab, `\u{E00C}` Escape, `\u{E015}` down.
    ///
    /// # Errors
    /// When there is no such element within the patience.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<(), BrowserError> {
        let element = self.wait_for(selector).await?;
        self.command(&format!("element/{element}/value"), json!({ "text": text })).await.map(drop)
    }

    /// Types a message into the chat's box and sends it with Enter.
    ///
    /// # Errors
    /// When there is no box within the patience.
    pub async fn say(&self, text: &str) -> Result<(), BrowserError> {
        self.type_into("#text", &format!("{text}\u{E007}")).await
    }

    /// Clicks the last enabled button or link with this label.
    ///
    /// # Errors
    /// When there is none within the patience.
    pub async fn click(&self, label: &str) -> Result<(), BrowserError> {
        let find = "const found = [...document.querySelectorAll('button:enabled, a')] \
            .filter((one) => (one.textContent.trim() === arguments[0] || one.getAttribute('aria-label') === arguments[0]) \
                && one.checkVisibility()); \
            const last = found.at(-1); last?.scrollIntoView({ block: 'nearest' }); return last ?? null;";
        let begun = Instant::now();
        loop {
            let found = self.script(find, json!([label])).await?;
            if let Some(element) = found[ELEMENT].as_str() {
                match self.command(&format!("element/{element}/click"), json!({})).await {
                    Ok(_) => return Ok(()),
                    // Replaced by an edit between the look and the click.
                    Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                    Err(_) => {}
                }
            } else if begun.elapsed() > PATIENCE {
                return Err(BrowserError(format!("no button {label:?}; the page says:\n{}", self.text().await?)));
            }
            sleep(POLL).await;
        }
    }

    /// Clicks the element.
    ///
    /// # Errors
    /// When there is no such element within the patience.
    pub async fn click_on(&self, selector: &str) -> Result<(), BrowserError> {
        let element = self.wait_for(selector).await?;
        self.command(&format!("element/{element}/click"), json!({})).await.map(drop)
    }

    /// Waits until the page shows this text.
    ///
    /// # Errors
    /// When it does not within the patience.
    pub async fn wait_for_text(&self, text: &str) -> Result<(), BrowserError> {
        self.wait_until("return document.body.innerText.includes(arguments[0])", json!([text]))
            .await
            .map_err(|error| BrowserError(format!("the text {text:?} does not come; {error}")))
    }

    /// Waits until the script returns true.
    ///
    /// # Errors
    /// When it does not within the patience, with the page's text.
    pub async fn wait_until(&self, script: &str, arguments: Value) -> Result<(), BrowserError> {
        let begun = Instant::now();
        while self.script(script, arguments.clone()).await? != Value::Bool(true) {
            if begun.elapsed() > PATIENCE {
                return Err(BrowserError(format!("not true: {script}; the page says:\n{}", self.text().await?)));
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits for an element and returns the driver's id of it.
    ///
    /// # Errors
    /// When there is no such element within the patience.
    pub async fn wait_for(&self, selector: &str) -> Result<String, BrowserError> {
        let begun = Instant::now();
        loop {
            let found = self.script("return document.querySelector(arguments[0])", json!([selector])).await?;
            if let Some(element) = found[ELEMENT].as_str() {
                return Ok(element.to_owned());
            }
            if begun.elapsed() > PATIENCE {
                return Err(BrowserError(format!("no element {selector}; the page says:\n{}", self.text().await?)));
            }
            sleep(POLL).await;
        }
    }

    /// What the page shows, as text.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn text(&self) -> Result<String, BrowserError> {
        let text = self.script("return document.body.innerText", json!([])).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs a script in the page and returns its value.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn script(&self, script: &str, arguments: Value) -> Result<Value, BrowserError> {
        self.command("execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// Writes a picture (PNG) of what the window shows.
    ///
    /// # Errors
    /// When the driver or the disk fails.
    pub async fn screenshot(&self, path: &Path) -> Result<(), BrowserError> {
        let answer = self.http.get(format!("{}/screenshot", self.session)).send().await?;
        let answer: Value = answer.json().await?;
        // The contract's own reading of base64, so that no decoder is needed here.
        let block = json!({ "image": { "name": "", "alt": "", "bytes": answer["value"] } });
        let Ok(contract::Block::Image { bytes, .. }) = serde_json::from_value(block) else {
            return Err(BrowserError(format!("no picture: {}", answer["value"]["message"])));
        };
        tokio::fs::write(path, bytes).await.map_err(|error| BrowserError(format!("{}: {error}", path.display())))
    }

    /// Writes pictures of how different people see the newest message: `NAME-light.png`, `NAME-dark.png`, and both on a phone.
    ///
    /// # Errors
    /// When something is wider than the window, or the driver or the disk fails.
    pub async fn pictures(&self, directory: &Path, name: &str) -> Result<(), BrowserError> {
        let looks = [
            ("light", Scheme::Light, WINDOW),
            ("dark", Scheme::Dark, WINDOW),
            ("phone", Scheme::Light, PHONE),
            ("phone-dark", Scheme::Dark, PHONE),
        ];
        for (look, scheme, (width, height)) in looks {
            self.size(width, height).await?;
            self.scheme(scheme).await?;
            self.wait_until("return document.documentElement.scrollWidth <= innerWidth", json!([])).await?;
            self.script("document.querySelector('#messages > :last-child')?.scrollIntoView()", json!([])).await?;
            self.screenshot(&directory.join(format!("{name}-{look}.png"))).await?;
        }
        self.size(WINDOW.0, WINDOW.1).await?;
        self.scheme(Scheme::Light).await
    }

    /// What the browser's console has said since the last call: failed requests, refused scripts, errors.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn complaints(&self) -> Result<Vec<String>, BrowserError> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await?;
        let text = |entry: &Value| entry["message"].as_str().map(str::to_owned);
        Ok(entries.as_array().into_iter().flatten().filter_map(text).collect())
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Result<(), BrowserError> {
        self.command("goog/cdp/execute", json!({ "cmd": method, "params": parameters })).await.map(drop)
    }

    async fn command(&self, path: &str, body: Value) -> Result<Value, BrowserError> {
        let answer = self.http.post(format!("{}/{path}", self.session)).json(&body).send().await?;
        let good = answer.status().is_success();
        let mut answer: Value = answer.json().await?;
        if good {
            return Ok(answer["value"].take());
        }
        Err(BrowserError(format!("{path}: {}", answer["value"]["message"].as_str().unwrap_or("failed"))))
    }
}
