//! Child processes, the core that they share, and what the operating system says of them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;

/// The core that the processes of a comparison run on: across cores a message costs what waking the other core costs, whatever the
/// client does.
pub(crate) struct Core(Option<String>);

impl Core {
    /// The last core that this process may use, if `taskset` is there to pin to it.
    pub(crate) fn pick() -> Self {
        let core = status("Cpus_allowed_list")
            .and_then(|list| list.rsplit([',', '-']).next().map(|last| last.trim().to_owned()))
            .unwrap_or_else(|| "0".to_owned());
        let works = Command::new("taskset")
            .args(["-c", &core, "true"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !works {
            println!("NOT pinned to one core (there is no taskset here): the ratio says little");
        }
        Self(works.then_some(core))
    }

    /// Whatever core is free.
    pub(crate) fn any() -> Self {
        Self(None)
    }

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

    /// Runs this benchmark in another role to its end, and gives what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?} ended with {}", output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// A server in a process of its own. It is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    says: BufReader<ChildStdout>,
    asks: ChildStdin,
}

impl Server {
    pub(crate) fn start(core: &Core, arguments: &[&str]) -> Outcome<Self> {
        let mut child = core.command(arguments)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let says = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let asks = child.stdin.take().ok_or("the server has no input")?;
        Ok(Self { child, says, asks })
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        if line.is_empty() { Err("the server is gone".into()) } else { Ok(line.trim().to_owned()) }
    }

    /// Asks for one more line.
    pub(crate) fn ask(&mut self) -> Outcome<String> {
        writeln!(self.asks)?;
        self.line()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How much memory the process holds now, in KiB; `None` where the system does not tell.
pub(crate) fn resident_kib() -> Option<u64> {
    kib("VmRSS")
}

/// How much it held at most.
pub(crate) fn peak_kib() -> Option<u64> {
    kib("VmHWM")
}

fn kib(name: &str) -> Option<u64> {
    status(name)?.split_whitespace().next()?.parse().ok()
}

/// A line of the process's status, which Linux has.
fn status(name: &str) -> Option<String> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}
