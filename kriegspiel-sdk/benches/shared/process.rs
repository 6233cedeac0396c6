//! Child processes, the core that they share, and what the operating system says of them.

use std::fmt;
use std::process::{Command, Stdio};

/// What everything here returns: a benchmark has nobody to tell errors apart for.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The core that every process of the benchmark runs on.
pub(crate) struct Core(Option<String>);

impl Core {
    /// The last core that this process may use, if `taskset` is there to pin to it.
    pub(crate) fn pick() -> Self {
        let core = allowed_cores()
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
    pub(crate) fn command(&self, arguments: &[&str]) -> Outcome<Command> {
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

    /// Runs a role to its end and returns what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", arguments.join(" "), output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(core) => write!(f, "all processes on core {core}"),
            None => f.write_str("NOT pinned to one core (there is no taskset here): the figures say little"),
        }
    }
}

/// The figure in the middle.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn allowed_cores() -> Option<String> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    Some(line.trim().to_owned())
}
