//! The systemd units of `docs/systemd/`: hardened, the same but for what they start and keep, and good by systemd's own word.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::process::Command;

use family_tests::programs::{root, workdir};

/// A unit, what it starts, and whose settings that reads.
const UNITS: [(&str, &str, &str); 3] = [
    ("botroulette-bot", "botroulette-bot --live", "botroulette/bot"),
    ("botroulette-tunnel", "botroulette-tunnel --live", "botroulette/tunnel"),
    ("bot@", "%i --live $BOT_OPTIONS", "bots/%i"),
];
/// What BotRoulette's two units may say for themselves.
const OWN: [&str; 3] = ["Description=", "ExecStart=", "EnvironmentFile="];
/// What the template may say for itself beyond that: it keeps files, is done when its program is, and waits for a match's end.
const OF_THE_TEMPLATE: [&str; 5] =
    ["StateDirectory=", "StateDirectoryMode=", "WorkingDirectory=", "Restart=", "TimeoutStopSec="];

fn unit(name: &str) -> String {
    std::fs::read_to_string(root().join(format!("docs/systemd/{name}.service"))).unwrap()
}

fn settings(unit: &str) -> impl Iterator<Item = &str> {
    unit.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[test]
fn they_give_nothing_away_and_hold_no_key() {
    for (name, started, environment) in UNITS {
        let unit = unit(name);
        for setting in [
            "DynamicUser=yes",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "MemoryDenyWriteExecute=yes",
            "StartLimitBurst=5",
            "UMask=0077",
            "KillSignal=SIGTERM",
        ] {
            assert!(settings(&unit).any(|line| line == setting), "{name} lacks {setting}");
        }
        let restarts = if name == "bot@" { "Restart=on-failure" } else { "Restart=always" };
        let start = format!("ExecStart=/usr/local/bin/{started}");
        let environment = format!("EnvironmentFile=/etc/{environment}.env");
        for line in [restarts, &start, &environment] {
            assert!(settings(&unit).any(|setting| setting == line), "{name} lacks {line}");
        }
        assert!(!settings(&unit).any(|line| line.starts_with("Environment=")), "{name}");
        for key in ["kp_live", "bp_live", "ksbot_"] {
            assert!(!unit.contains(key), "{name} has a key");
        }
    }
}

#[test]
fn they_differ_in_nothing_but_what_they_start_and_keep() {
    let of = |name: &str, own: &[&str]| {
        let unit = unit(name);
        let same = settings(&unit).filter(|line| !own.iter().any(|own| line.starts_with(own)));
        same.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("botroulette-bot", &OWN), of("botroulette-tunnel", &OWN));
    let own = [&OWN[..], &OF_THE_TEMPLATE].concat();
    assert_eq!(of("botroulette-bot", &own), of("bot@", &own));
}

#[test]
fn systemd_has_nothing_against_them_where_it_is() {
    for (name, started, _) in UNITS {
        // The program is not installed here; any that is there takes its place.
        let there = std::env::current_exe().unwrap();
        let program = started.split(' ').next().unwrap();
        let text = unit(name).replace(
            &format!("ExecStart=/usr/local/bin/{program}"),
            &format!("ExecStart={}", there.display()),
        );
        let name = name.replace('@', "@example");
        let path = workdir().join(format!("{name}.service"));
        std::fs::write(&path, text).unwrap();
        let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
            // There is no systemd on this machine.
            return;
        };
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !told.contains(&name), "{told}");
        std::fs::remove_file(path).unwrap();
    }
}
