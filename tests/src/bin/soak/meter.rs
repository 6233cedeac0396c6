//! Memory, sockets and tasks, day by day.

use std::time::Duration;

use super::scene::Scene;

/// How often something is measured in a part.
const SAMPLES: usize = 48;
/// How much more memory the last part may have than the second.
const GROWTH: f64 = 1.05;

/// One measurement, and what was typical of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Resident memory, in KiB.
    resident: u64,
    /// Open files, sockets among them.
    files: u64,
    /// Tasks of the runtime that live.
    tasks: u64,
    /// Matches until then.
    matches: u64,
}

#[derive(Debug)]
pub(crate) struct Meter {
    span: Duration,
    parts: Vec<Sample>,
}

impl Meter {
    pub(crate) fn new(span: Duration) -> Self {
        Self { span, parts: Vec::new() }
    }

    /// Lets everything that is kept in a bounded number fill up, and then measures for the whole span.
    pub(crate) async fn watch(&mut self, scene: &Scene) {
        tokio::time::sleep(self.span.mul_f64(scene.pace.warm_up)).await;
        let parts = scene.pace.parts;
        let pause = self.span / u32::try_from(parts * SAMPLES).unwrap_or(u32::MAX);
        for _ in 0..parts {
            let mut samples = Vec::with_capacity(SAMPLES);
            for _ in 0..SAMPLES {
                tokio::time::sleep(pause).await;
                samples.push(Sample::now(scene));
            }
            self.parts.push(typical(&samples));
        }
    }

    /// The second part and the last.
    fn compared(&self) -> (Sample, Sample) {
        let early = self.parts.get(1).copied().unwrap_or_default();
        (early, self.parts.last().copied().unwrap_or_default())
    }

    /// What is not as it must be.
    pub(crate) fn findings(&self, scene: &Scene) -> Vec<String> {
        let (early, last) = self.compared();
        let mut findings: Vec<String> =
            scene.duplicates().into_iter().map(|what| format!("happened twice: {what}")).collect();
        #[allow(clippy::cast_precision_loss, reason = "kibibytes of a small program")]
        let (was, is) = (early.resident as f64, last.resident as f64);
        let slack = scene.pace.slack;
        if is > was * GROWTH && last.resident > early.resident + slack.kib {
            findings.push(format!("memory grew from {was} to {is} KiB"));
        }
        if last.files > early.files + slack.handles {
            findings.push(format!("open files grew from {} to {}", early.files, last.files));
        }
        if last.tasks > early.tasks + slack.handles {
            findings.push(format!("tasks grew from {} to {}", early.tasks, last.tasks));
        }
        let parts = scene.pace.parts;
        let mut before = self.parts.first().map_or(0, |first| first.matches.saturating_sub(1));
        for (nth, part) in self.parts.iter().enumerate() {
            if part.matches == before {
                findings.push(format!("no match in part {} of {parts}", nth + 1));
            }
            before = part.matches;
        }
        findings
    }

    pub(crate) fn summary(&self, scene: &Scene) -> String {
        let (early, last) = self.compared();
        let days = self.span.as_secs_f64() / (24.0 * 60.0 * 60.0);
        let parts = scene.pace.parts;
        format!(
            "{days:.2} days, {} matches, {} faults, {} restarts; part 2 of {parts}: {early}; part {parts}: {last}",
            scene.matches(),
            scene.faults(),
            scene.restarts()
        )
    }
}

impl Sample {
    fn now(scene: &Scene) -> Self {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        Self {
            resident: resident().unwrap_or_default(),
            files: open_files(),
            tasks: u64::try_from(tasks).unwrap_or(u64::MAX),
            matches: scene.matches(),
        }
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} KiB, {} open files, {} tasks", self.resident, self.files, self.tasks)
    }
}

/// The median of each measure: a fault is under way in some of the samples. Of the matches the last.
fn typical(samples: &[Sample]) -> Sample {
    let median = |of: fn(&Sample) -> u64| {
        let mut all: Vec<u64> = samples.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    Sample {
        resident: median(|sample| sample.resident),
        files: median(|sample| sample.files),
        tasks: median(|sample| sample.tasks),
        matches: samples.last().map_or(0, |sample| sample.matches),
    }
}

/// Resident memory in KiB, where the system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How many files are open, where the system says so.
fn open_files() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64)
}
