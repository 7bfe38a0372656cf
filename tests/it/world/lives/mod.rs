//! The lives of a bot that is a child process and gets SIGKILL, again and again, where it hurts most.
//!
//! A life ends at its first commit, after that is on the disk and before anybody in the process knows it; or at the
//! first effect outside that no earlier life was killed for, after it happened and before its answer is heard. Then the
//! next one starts on the same folder. A story may [`Lives::aim`] at one effect: nothing else kills until then.

pub(crate) mod child;

use super::PATIENCE;
use chrono::SecondsFormat;
use roundsman::clock::Clock;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::watch;

/// What all lives log, in the bot's folder.
const LOG: &str = "bot.log";
/// How often a child is told the time.
const TIME_EVERY: Duration = Duration::from_millis(50);

/// Something that was done outside of the bot: the request's first line and its body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Effect {
    pub(crate) line: String,
    pub(crate) body: String,
}

/// What a life was killed for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Death {
    AfterCommit,
    BeforeCommitOf(Effect),
}

impl fmt::Debug for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AfterCommit => f.write_str("after a commit"),
            Self::BeforeCommitOf(Effect { line, body }) => {
                write!(f, "before the commit of {line} {}", body.chars().take(100).collect::<String>())
            }
        }
    }
}

/// How the bot is at the moment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Pulse {
    life: u32,
    /// How often this life has said since it last had work that it has none and is connected.
    idle: u32,
    aims: bool,
    failed: Option<String>,
}

/// All lives so far, and the one that goes on.
#[derive(Clone, Default)]
pub(crate) struct Lives(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    pulse: watch::Sender<Pulse>,
}

#[derive(Default)]
struct State {
    life: u32,
    child: Option<Child>,
    over: bool,
    aim: Option<&'static str>,
    /// Effects for which a life was killed.
    struck: BTreeSet<Effect>,
    /// How each life ended.
    deaths: Vec<(u32, Death)>,
    /// All effects, and in which life.
    effects: Vec<(u32, Effect)>,
}

/// As long as it is kept, there is always a bot alive or about to be.
pub(crate) struct Sweep {
    lives: Lives,
    log: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl Lives {
    /// Starts the first one: the test of this name, which has to begin with [`child::called`].
    pub(crate) fn begin(&self, test: &'static str, folder: &Path, clock: Clock) -> Sweep {
        let (lives, log) = (self.clone(), folder.join(LOG));
        let folder = folder.to_owned();
        let thread = std::thread::Builder::new().name("lives".to_owned()).spawn(move || {
            while !lives.0.state.lock().unwrap().over {
                if let Err(why) = lives.live(test, &folder, &clock) {
                    lives.0.pulse.send_modify(|pulse| pulse.failed = Some(why));
                    return;
                }
            }
        });
        Sweep { lives: self.clone(), log, thread: Some(thread.unwrap()) }
    }

    /// The number of the life that goes on.
    pub(crate) fn number(&self) -> u32 {
        self.0.state.lock().unwrap().life
    }

    /// Nothing kills any more until an effect whose first line contains this.
    pub(crate) fn aim(&self, at: &'static str) {
        self.0.state.lock().unwrap().aim = Some(at);
        self.0.pulse.send_modify(|pulse| pulse.aims = true);
    }

    /// An effect of this life that the bot has not heard of yet.
    pub(crate) fn done(&self, life: u32, effect: Effect) {
        let mut state = self.0.state.lock().unwrap();
        state.effects.push((life, effect.clone()));
        let hit = match state.aim {
            Some(aim) => effect.line.contains(aim),
            None => !state.struck.contains(&effect),
        };
        if hit {
            state.aim = None;
            state.struck.insert(effect.clone());
            self.strike(&mut state, life, Death::BeforeCommitOf(effect));
        }
    }

    /// A commit of this life, whose makers wait for a word that only a life which is spared gets.
    fn committed(&self, life: u32, input: &Mutex<ChildStdin>) {
        let mut state = self.0.state.lock().unwrap();
        if state.aim.is_some() {
            // If it has just died, that is noticed elsewhere.
            drop(writeln!(input.lock().unwrap(), "{}", child::GO_ON));
        } else {
            self.strike(&mut state, life, Death::AfterCommit);
        }
    }

    /// What a bot says of itself; the last words of a dead one do not count.
    fn told(&self, idle: impl FnOnce(u32) -> u32) {
        let state = self.0.state.lock().unwrap();
        if state.child.is_some() {
            self.0.pulse.send_modify(|pulse| pulse.idle = idle(pulse.idle));
        }
    }

    /// SIGKILL: no destructor, no last word.
    fn strike(&self, state: &mut State, life: u32, death: Death) {
        let Some(mut child) = state.child.take_if(|_| state.life == life) else { return };
        child.kill().unwrap();
        child.wait().unwrap();
        state.deaths.push((life, death));
        self.0.pulse.send_modify(|pulse| *pulse = Pulse { idle: 0, aims: state.aim.is_some(), ..pulse.clone() });
    }

    /// One life, from its start to its end.
    fn live(&self, test: &str, folder: &Path, clock: &Clock) -> Result<(), String> {
        let Some((life, input, output)) = self.born(test, folder) else { return Ok(()) };
        let (lives, input_of_reader) = (self.clone(), Arc::clone(&input));
        let (end, ended) = mpsc::channel::<()>();
        let reader = std::thread::spawn(move || {
            let _end = end;
            for line in output.lines().map_while(Result::ok) {
                if line.contains(child::COMMITTED) {
                    lives.committed(life, &input_of_reader);
                } else if line.contains(child::IDLE) {
                    lives.told(|idle| idle + 1);
                } else if line.contains(child::BUSY) {
                    lives.told(|_| 0);
                }
            }
        });
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(TIME_EVERY) {
            // A child that has just died hears nothing.
            drop(writeln!(input.lock().unwrap(), "{}", clock.now().to_rfc3339_opts(SecondsFormat::Nanos, true)));
        }
        reader.join().unwrap();
        let mut state = self.0.state.lock().unwrap();
        match state.child.take() {
            None => Ok(()),
            Some(mut child) => {
                let status = child.wait().unwrap();
                Err(format!("life {life} ended by itself: {status}"))
            }
        }
    }

    /// The next life, with its input and output; none when it was the last.
    fn born(&self, test: &str, folder: &Path) -> Option<(u32, Arc<Mutex<ChildStdin>>, BufReader<ChildStdout>)> {
        let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG)).unwrap();
        let mut state = self.0.state.lock().unwrap();
        if state.over {
            return None;
        }
        state.life += 1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--test-threads=1"])
            .env(child::FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        state.child = Some(child);
        self.0.pulse.send_modify(|pulse| *pulse = Pulse { life: state.life, idle: 0, ..pulse.clone() });
        Some((state.life, Arc::new(Mutex::new(input)), BufReader::new(output)))
    }
}

impl Sweep {
    /// Waits until the bot is alive, connected and has nothing to do.
    pub(crate) async fn quiet(&self) {
        let before = self.lives.0.pulse.borrow().clone();
        // What was said before this call may be old, and the next word may have been on its way.
        let quiet = |pulse: &Pulse| {
            let said = if pulse.life == before.life { pulse.idle.saturating_sub(before.idle) } else { pulse.idle };
            said >= 2 && !pulse.aims
        };
        self.until("a bot that has nothing to do", quiet).await;
    }

    /// Waits until what was aimed at is hit.
    pub(crate) async fn hit(&self) {
        self.until("the effect that was aimed at", |pulse| !pulse.aims).await;
    }

    async fn until(&self, what: &str, wanted: impl Fn(&Pulse) -> bool) {
        let mut pulse = self.lives.0.pulse.subscribe();
        let waiting = pulse.wait_for(|pulse| pulse.failed.is_some() || wanted(pulse));
        let failed = match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(pulse) => pulse.unwrap().failed.clone(),
            Err(_) => Some(format!("waited in vain for {what}")),
        };
        if let Some(failed) = failed {
            panic!("{failed}\n{}", self.told());
        }
    }

    /// How each life ended, the last one among them, which was killed while it had nothing to do.
    pub(crate) fn end(mut self) -> Ended {
        self.stop();
        let mut state = self.lives.0.state.lock().unwrap();
        Ended { deaths: std::mem::take(&mut state.deaths), effects: std::mem::take(&mut state.effects) }
    }

    fn stop(&mut self) {
        {
            let mut state = self.lives.0.state.lock().unwrap();
            state.over = true;
            if let Some(mut child) = state.child.take() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    fn told(&self) -> String {
        let state = self.lives.0.state.lock().unwrap();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(60)..].join("\n");
        let deaths: Vec<String> = state.deaths.iter().map(|(life, death)| format!("{life} died {death:?}")).collect();
        format!("{}\nwhat the bot logged last:\n{tail}", deaths.join("\n"))
    }
}

impl Drop for Sweep {
    #[expect(clippy::print_stderr, reason = "what a failed story cannot tell by itself")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.told());
        }
        self.stop();
    }
}

/// What came of a sweep.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What each life was killed for.
    pub(crate) deaths: Vec<(u32, Death)>,
    effects: Vec<(u32, Effect)>,
}

impl Ended {
    /// The effects whose first line is such, each with the lives that had it, in their order.
    pub(crate) fn lives_with(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<&Effect, Vec<u32>> {
        let mut lives: BTreeMap<&Effect, Vec<u32>> = BTreeMap::new();
        for (life, effect) in self.effects.iter().filter(|(_, effect)| wanted(&effect.line)) {
            lives.entry(effect).or_default().push(*life);
        }
        lives.values_mut().for_each(|lives| lives.sort_unstable());
        lives
    }
}
