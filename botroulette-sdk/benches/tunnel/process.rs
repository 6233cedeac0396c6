//! Child processes, the core that they share, and what the operating system says of them.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The core that every process of the benchmark runs on.
pub(crate) struct Core(Option<String>);

impl Core {
    /// The last core that this process may use, if `taskset` is there to pin to it.
    pub(crate) fn pick() -> Self {
        let core = status("self", "Cpus_allowed_list")
            .and_then(|list| list.rsplit([',', '-']).next().map(|last| last.trim().to_owned()))
            .unwrap_or_else(|| "0".to_owned());
        let works = Command::new("taskset")
            .args(["-c", &core, "true"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        Self(works.then_some(core))
    }

    /// How this benchmark calls itself in another role.
    fn command(&self, arguments: &[&str]) -> Outcome<Command> {
        let program = std::env::current_exe()?;
        let mut command = match &self.0 {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(arguments);
        Ok(command)
    }

    /// Runs a role to its end and returns the line that it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", arguments.join(" "), output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Starts a role beside others.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Outcome<Child> {
        Ok(self.command(arguments)?.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(core) => write!(f, "all processes on core {core}"),
            None => f.write_str("NOT pinned to one core (there is no taskset here): the ratios say little"),
        }
    }
}

/// A server (the relay, or the one behind the forwarders) in a process of its own. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    says: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(core: &Core, role: &str) -> Outcome<Self> {
        let mut child = core.command(&[role])?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let says = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut server = Self { child, says, address: String::new() };
        server.address = server.line()?;
        Ok(server)
    }

    /// The figures of a line that it prints.
    pub(crate) fn figures<const N: usize>(&mut self) -> Outcome<[u64; N]> {
        let line = self.line()?;
        let figures: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        figures.try_into().map_err(|_| format!("not what a server prints: {line:?}").into())
    }

    /// The CPU time that its main thread took so far. `None` where the system does not tell.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        cpu_time(&self.child.id().to_string())
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        if line.is_empty() { Err("the server is gone".into()) } else { Ok(line.trim().to_owned()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Wall time and CPU time, as a point or as a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    at: Option<Instant>,
    pub(crate) wall: Duration,
    /// Of this thread alone. `None` where the system does not tell.
    pub(crate) cpu: Option<Duration>,
}

impl Usage {
    pub(crate) fn now() -> Self {
        Self { at: Some(Instant::now()), wall: Duration::ZERO, cpu: cpu_time("thread-self") }
    }

    /// What has been used since then.
    pub(crate) fn elapsed(&self) -> Self {
        let wall = self.at.map_or(Duration::ZERO, |at| at.elapsed());
        let cpu = self.cpu.zip(cpu_time("thread-self")).map(|(before, after)| after.saturating_sub(before));
        Self { at: None, wall, cpu }
    }
}

/// What a client tells the process that started it: `WALL_NS CPU_NS PEAK_KIB`, 0 where the system does not tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Played {
    pub(crate) used: Usage,
    pub(crate) peak_kib: Option<u64>,
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.used.cpu.unwrap_or_default().as_nanos();
        write!(f, "{} {cpu} {}", self.used.wall.as_nanos(), self.peak_kib.unwrap_or_default())
    }
}

impl FromStr for Played {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(line: &str) -> Outcome<Self> {
        let figures: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [wall, cpu, peak] = figures.as_slice() else {
            return Err(format!("not what a client prints: {line:?}").into());
        };
        let told = |figure: u64| (figure > 0).then_some(figure);
        let cpu = told(*cpu).map(Duration::from_nanos);
        let used = Usage { at: None, wall: Duration::from_nanos(*wall), cpu };
        Ok(Self { used, peak_kib: told(*peak) })
    }
}

fn cpu_time(task: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{task}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// How many tasks of the machine were running or waiting to, on average over the last minute.
pub(crate) fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// How much memory the process held at most.
pub(crate) fn peak_kib() -> Option<u64> {
    kib("VmHWM")
}

fn kib(name: &str) -> Option<u64> {
    status("self", name)?.split_whitespace().next()?.parse().ok()
}

/// A line of the process's status, which Linux has.
fn status(process: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}
