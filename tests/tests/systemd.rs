//! The systemd units of `docs/systemd/`: hardened, the same but for what they start, and good by systemd's own word.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::process::Command;

use family_tests::programs::{root, workdir};

const UNITS: [(&str, &str); 2] = [("botroulette-bot", "bot"), ("botroulette-tunnel", "tunnel")];

fn unit(name: &str) -> String {
    std::fs::read_to_string(root().join(format!("docs/systemd/{name}.service"))).unwrap()
}

fn settings(unit: &str) -> impl Iterator<Item = &str> {
    unit.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[test]
fn they_give_nothing_away_and_hold_no_key() {
    for (name, file) in UNITS {
        let unit = unit(name);
        for setting in [
            "DynamicUser=yes",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "MemoryDenyWriteExecute=yes",
            "Restart=always",
            "StartLimitBurst=5",
        ] {
            assert!(settings(&unit).any(|line| line == setting), "{name} lacks {setting}");
        }
        let start = format!("ExecStart=/usr/local/bin/{name} --live");
        let environment = format!("EnvironmentFile=/etc/botroulette/{file}.env");
        assert!(settings(&unit).any(|line| line == start) && settings(&unit).any(|line| line == environment));
        assert!(!unit.contains("kp_live") && !settings(&unit).any(|line| line.starts_with("Environment=")));
    }
}

#[test]
fn they_differ_in_nothing_but_what_they_start() {
    let of = |name: &str| {
        let unit = unit(name);
        let own = ["Description=", "ExecStart=", "EnvironmentFile="];
        let same = settings(&unit).filter(|line| !own.iter().any(|own| line.starts_with(own)));
        same.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("botroulette-bot"), of("botroulette-tunnel"));
}

#[test]
fn systemd_has_nothing_against_them_where_it_is() {
    for (name, _) in UNITS {
        // The program is not installed here; any that is there takes its place.
        let there = std::env::current_exe().unwrap();
        let text = unit(name).replace(&format!("/usr/local/bin/{name}"), there.to_str().unwrap());
        let path = workdir().join(format!("{name}.service"));
        std::fs::write(&path, text).unwrap();
        let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
            // There is no systemd on this machine.
            return;
        };
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !told.contains(name), "{told}");
        std::fs::remove_file(path).unwrap();
    }
}
