//! The image and the Kubernetes manifest of `docs/`: nobody runs the bot, nothing can be written, no key is inside, and there is
//! never a second one with the same key.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use family_tests::programs::{names, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// A file's lines without comments, their indentation kept.
fn lines(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'))
        .collect()
}

fn number_of(manifest: &str, key: &str) -> u64 {
    let line = manifest.lines().find_map(|line| line.trim().strip_prefix(key)).expect(key);
    line.trim_start_matches(':').trim().parse().unwrap()
}

/// How long the bots may take to finish what is in progress, as the template unit says it.
fn drain() -> Duration {
    let unit = read("docs/systemd/bot@.service");
    let minutes = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix("min"));
    Duration::from_secs(60 * minutes.expect("in minutes").parse::<u64>().unwrap())
}

#[test]
fn the_image_is_built_in_two_stages_and_nobody_runs_it() {
    let dockerfile = read("docs/docker/Dockerfile");
    let lines = lines(&dockerfile);
    let stages: Vec<_> = lines.iter().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(stages.len(), 2, "{stages:?}");
    let at = |wanted: &str| {
        lines.iter().position(|line| line.starts_with(wanted)).unwrap_or_else(|| panic!("no {wanted}"))
    };
    // What is built, and the sources of it, stay in the first stage.
    let second = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let copied: Vec<_> = lines.iter().skip(second).filter(|line| line.starts_with("COPY ")).collect();
    assert!(copied.iter().all(|line| line.starts_with("COPY --from=build ")), "{copied:?}");
    assert!(copied.iter().any(|line| line.contains("ca-certificates.crt")), "TLS needs its roots");
    assert!(at("USER 65532:65532") > second && at("STOPSIGNAL SIGTERM") > second);
    // As a list: with a shell between, the signal would not arrive. And real money is for whoever starts it to say.
    assert_eq!(lines.get(at("ENTRYPOINT ")), Some(&"ENTRYPOINT [\"/usr/local/bin/bot\"]"));
    assert!(!lines.iter().any(|line| line.starts_with("CMD ") || line.contains("--live")));
    for line in &lines {
        assert!(!line.starts_with("ENV ") && !line.starts_with("ADD "), "{line}");
    }
    assert!(dockerfile.contains("--locked"));
}

#[test]
fn the_image_is_built_with_the_oldest_rust_and_from_a_bot_that_there_is() {
    let dockerfile = read("docs/docker/Dockerfile");
    let manifest = read("Cargo.toml");
    let oldest =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        dockerfile.contains(&format!("FROM rust:{oldest}-slim-")),
        "the image has another Rust than {oldest}"
    );
    let bot = dockerfile.lines().find_map(|line| line.strip_prefix("ARG BOT=")).unwrap();
    assert!(names().iter().any(|name| *name == bot), "{bot}");
}

#[test]
fn no_secret_gets_into_the_image() {
    let ignored = read("docs/docker/Dockerfile.dockerignore");
    let ignored = lines(&ignored);
    for pattern in
        [".env", "**/.env", "**/*.env", "**/*.key", "**/id.json", "**/.bot-state.json", ".git", "target"]
    {
        assert!(ignored.contains(&pattern), "{pattern} is not left out");
    }
    let ours = read(".gitignore");
    for secret in lines(&ours).iter().filter(|line| line.contains(".env")) {
        assert!(ignored.iter().any(|pattern| pattern.ends_with(secret.trim_start_matches('/'))), "{secret}");
    }
    for file in ["docs/docker/Dockerfile", "docs/kubernetes/bot.yaml"] {
        let text = read(file).to_lowercase();
        for word in ["bp_live", "kp_live", "ksbot_", "api_key=", "token=", "kind: secret"] {
            assert!(!text.contains(word), "{file} has {word}");
        }
    }
}

#[test]
fn there_is_one_bot_a_key_and_it_may_finish_what_it_plays() {
    let manifest = read("docs/kubernetes/bot.yaml");
    assert!(lines(&manifest).iter().all(|line| !line.contains('\t')), "YAML has no tabs");
    assert_eq!(number_of(&manifest, "replicas"), 1);
    // A rolling update would start the second before the first has ended.
    assert!(manifest.contains("\n  strategy:\n    type: Recreate\n"));
    let grace = Duration::from_secs(number_of(&manifest, "terminationGracePeriodSeconds"));
    assert_eq!(grace, drain(), "the cluster and systemd wait equally long");
    assert!(grace > botornot_sdk_match(), "a match of BotOrNot is not over by then");
    let dockerfile = read("docs/docker/Dockerfile");
    assert!(dockerfile.contains(&format!("--stop-timeout {}", grace.as_secs())));
}

/// How long a match of BotOrNot takes (its documentation, "Match lifecycle").
const fn botornot_sdk_match() -> Duration {
    Duration::from_secs(240)
}

#[test]
fn nobody_runs_it_in_the_cluster_and_it_writes_in_one_place_alone() {
    let manifest = read("docs/kubernetes/bot.yaml");
    let lines: Vec<_> = lines(&manifest).into_iter().map(str::trim).collect();
    for setting in [
        "automountServiceAccountToken: false",
        "enableServiceLinks: false",
        "runAsNonRoot: true",
        "runAsUser: 65532",
        "type: RuntimeDefault",
        "allowPrivilegeEscalation: false",
        "readOnlyRootFilesystem: true",
        "drop: [\"ALL\"]",
        "mountPath: /data",
    ] {
        assert!(lines.contains(&setting), "the manifest lacks {setting}");
    }
    assert!(read("docs/docker/Dockerfile").contains("\nWORKDIR /data\nUSER 65532:65532\n"));
    // The key comes from a secret alone, and everything is bounded.
    assert!(
        manifest.contains("envFrom:\n            - secretRef:\n") && !manifest.contains("          env:\n")
    );
    assert!(manifest.contains("limits:\n              memory: ") && manifest.contains("sizeLimit: "));
}

#[test]
fn the_page_on_running_many_bots_says_the_same() {
    let page = read("docs/src/running-many-bots.md");
    for file in ["docs/docker/Dockerfile", "docs/kubernetes/bot.yaml", "docs/systemd/bot@.service"] {
        assert!(page.contains(&format!("`{file}`")), "the page does not name {file}");
    }
    for command in ["docker build -f docs/docker/Dockerfile", "kubectl apply -f docs/kubernetes/bot.yaml"] {
        assert!(page.contains(command), "the page lacks {command}");
    }
}
