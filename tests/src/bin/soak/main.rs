//! The soak: a bot of each platform plays for thirty days of virtual time, about ten matches an hour, while its sandbox does
//! something wrong every few minutes. Memory, sockets and tasks must stay flat: the last day is compared with the second. It is
//! measured only when what is kept in a bounded number (the last matches, the ledger, commitments) is full: forty days pass first.
//!
//! | command | what it does |
//! |---|---|
//! | `soak` | thirty virtual days of each platform, on a paused clock |
//! | `soak --days 1` | fewer; the span is always measured in thirty equal parts |
//! | `soak --real 10m` | in real time, with matches and faults every few seconds |
//! | `soak --platform botpit --seed 7` | one platform, other faults |
//!
//! Each platform is a process of its own, so that its memory is its own. The exit code is 0 when all were flat.
#![allow(clippy::print_stdout, reason = "it is a program, and this is what it is for")]

mod botornot;
mod botpit;
mod botroulette;
mod gremlin;
mod kriegspiel;
mod meter;
mod scene;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use meter::Meter;
use scene::{Pace, Scene};

const PLATFORMS: [&str; 4] = ["botpit", "botornot", "botroulette", "kriegspiel"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the command line says.
#[derive(Debug, Clone)]
struct Options {
    platform: Option<String>,
    span: Duration,
    is_real: bool,
    seed: u64,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { platform: None, span: 30 * DAY, is_real: false, seed: 0 };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--platform" => {
                    let name = value()?;
                    if !PLATFORMS.contains(&name.as_str()) {
                        bail!("the platforms are {}", PLATFORMS.join(", "));
                    }
                    options.platform = Some(name);
                }
                "--days" => {
                    let days: f64 = value()?.parse().context("--days takes a number")?;
                    options.span = Duration::try_from_secs_f64(DAY.as_secs_f64() * days)?;
                }
                "--real" => {
                    let text = value()?;
                    let minutes = text.strip_suffix('m').context("--real takes minutes, such as 10m")?;
                    let minutes: u64 = minutes.parse().context("--real takes minutes, such as 10m")?;
                    options.span = Duration::from_secs(minutes * 60);
                    options.is_real = true;
                }
                "--seed" => options.seed = value()?.parse().context("--seed takes a number")?,
                other => bail!("unknown option {other}: --platform, --days, --real, --seed"),
            }
        }
        if options.span < Duration::from_secs(60) {
            bail!("the shortest soak is a minute");
        }
        Ok(options)
    }

    fn words(&self, platform: &str) -> Vec<String> {
        let span = if self.is_real {
            ["--real".to_owned(), format!("{}m", self.span.as_secs() / 60)]
        } else {
            ["--days".to_owned(), (self.span.as_secs_f64() / DAY.as_secs_f64()).to_string()]
        };
        let seed = ["--seed".to_owned(), self.seed.to_string()];
        let platform = ["--platform".to_owned(), platform.to_owned()];
        [platform, span, seed].concat()
    }
}

/// One platform, in this process.
fn soak(platform: &str, options: &Options) -> Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(!options.is_real).build()?;
    let pace = if options.is_real { Pace::real() } else { Pace::virtual_time() };
    let scene = Scene::new(pace, options.seed);
    let began = Instant::now();
    let meter = runtime.block_on(async {
        let mut meter = Meter::new(options.span);
        tokio::select! {
            ended = play(platform, scene.clone()) => {
                ended?;
                bail!("the bot ended by itself");
            }
            () = meter.watch(&scene) => {}
        }
        Ok(meter)
    })?;
    let findings = meter.findings(&scene);
    println!(
        "{platform}: {}; {:.0} s of the wall's clock",
        meter.summary(&scene),
        began.elapsed().as_secs_f64()
    );
    if !findings.is_empty() {
        bail!("{platform}: {}", findings.join("; "));
    }
    Ok(())
}

async fn play(platform: &str, scene: Scene) -> Result<()> {
    match platform {
        "botpit" => botpit::play(scene).await,
        "botornot" => botornot::play(scene).await,
        "botroulette" => botroulette::play(scene).await,
        _ => kriegspiel::play(scene).await,
    }
}

/// Every platform, each in a process of its own, all at once.
fn soak_all(options: &Options) -> Result<()> {
    let program = std::env::current_exe()?;
    let mut children = Vec::new();
    for platform in PLATFORMS {
        let mut command = Command::new(&program);
        command.args(options.words(platform));
        // glibc gives back what is freed when it is told to; its own rule for that changes as it runs.
        command.env("MALLOC_ARENA_MAX", "1").env("MALLOC_TRIM_THRESHOLD_", "131072");
        command.env("MALLOC_MMAP_THRESHOLD_", "131072");
        children.push((platform, command.spawn()?));
    }
    let mut failed = Vec::new();
    for (platform, mut child) in children {
        if !child.wait()?.success() {
            failed.push(platform);
        }
    }
    if !failed.is_empty() {
        bail!("not flat: {}", failed.join(", "));
    }
    Ok(())
}

fn main() -> ExitCode {
    let done = Options::read(std::env::args().skip(1)).and_then(|options| match &options.platform {
        Some(platform) => soak(platform, &options),
        None => soak_all(&options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}
