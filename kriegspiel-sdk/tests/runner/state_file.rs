//! The bot's state between runs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use kriegspiel_sdk::codes::STATE_FILE_FOREIGN;
use kriegspiel_sdk::runner::StateFile;
use kriegspiel_sdk::sdk_core::env::Env;
use kriegspiel_sdk::sdk_core::secret::Secret;
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Random;
use kriegspiel_sdk::{Client, Host};

use super::platform::{Platform, open_game};

/// A directory that is removed at the end of its test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("kriegspiel-sdk-{:016x}", fastrand::u64(..)));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join(".bot-state.json")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn client() -> Client {
    Client::builder("ksbot_1.env").host(Host::Production).build().unwrap()
}

#[test]
fn a_token_is_kept_privately_and_never_shown() {
    let directory = Directory::new();
    let mut file = StateFile::open(directory.file()).unwrap();
    assert!(file.token().is_none() && file.protection().is_none());
    file.store_token(&client(), &Secret::new("ksbot_1.s3cr3t")).unwrap();
    let again = StateFile::open(directory.file()).unwrap();
    assert_eq!(again.token().unwrap().expose(), "ksbot_1.s3cr3t");
    assert!(!format!("{again:?}").contains("s3cr3t"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(directory.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 1, "no draft is left");
}

#[test]
fn the_files_of_the_platforms_example_bots_are_understood_and_their_fields_kept() {
    let directory = Directory::new();
    let text = r#"{"token": "ksbot_1.s3cr3t", "last_bot_game_join_attempt_at": 1795173143.5, "conversations": {"a": 1}}"#;
    fs::write(directory.file(), text).unwrap();
    let mut file = StateFile::open(directory.file()).unwrap();
    assert_eq!(file.last_join(), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_173_143_500)));
    file.store_join(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_173_200)).unwrap();
    let again = StateFile::open(directory.file()).unwrap();
    assert_eq!(again.get("conversations"), Some(&serde_json::json!({"a": 1})));
    assert!(again.get("token").is_none(), "the token is had as a secret alone");
    assert_eq!(again.token().unwrap().expose(), "ksbot_1.s3cr3t");
}

#[test]
fn what_is_broken_or_foreign_is_reported_and_left_as_it_is() {
    for text in [
        "",
        "{",
        "[]",
        "\"ksbot\"",
        r#"{"token": 7}"#,
        r#"{"api_key": "x"}"#,
        r#"{"last_bot_game_join_attempt_at": "x"}"#,
    ] {
        let directory = Directory::new();
        fs::write(directory.file(), text).unwrap();
        let error = StateFile::open(directory.file()).unwrap_err();
        assert_eq!((error.code(), error.field()), (&STATE_FILE_FOREIGN, Some("path")), "{text}");

        // It was put there after the file was read.
        fs::remove_file(directory.file()).unwrap();
        let mut file = StateFile::open(directory.file()).unwrap();
        fs::write(directory.file(), text).unwrap();
        assert_eq!(file.store_join(SystemTime::now()).unwrap_err().code(), &STATE_FILE_FOREIGN, "{text}");
        assert_eq!(fs::read_to_string(directory.file()).unwrap(), text);
    }
}

#[test]
fn the_environment_beats_the_file_and_a_token_goes_to_its_own_host_alone() {
    let directory = Directory::new();
    let mut file = StateFile::open(directory.file()).unwrap();
    file.store_token(&client(), &Secret::new("ksbot_1.file")).unwrap();
    let base = "KRIEGSPIEL_API_BASE=https://api.kriegspiel.org\n";
    assert!(file.client(&Env::from_text(base)).is_ok());
    let other = Env::from_text("KRIEGSPIEL_API_BASE=https://kriegspiel.example\n");
    assert_eq!(file.client(&other).unwrap_err().code(), &STATE_FILE_FOREIGN);
    let both =
        Env::from_text("KRIEGSPIEL_API_BASE=https://kriegspiel.example\nKRIEGSPIEL_BOT_TOKEN=ksbot_1.env\n");
    assert!(file.client(&both).is_ok(), "the environment's token is not the file's");
    let empty = StateFile::open(directory.0.join("none.json")).unwrap();
    assert_eq!(empty.client(&Env::from_text(base)).unwrap_err().field(), Some("KRIEGSPIEL_BOT_TOKEN"));
}

#[tokio::test(start_paused = true)]
async fn the_join_cooldown_survives_a_restart() {
    let directory = Directory::new();
    let platform = Platform::start().await;
    platform.world().open =
        vec![open_game("AAAAA2", "rival", "berkeley_any"), open_game("AAAAA3", "rival", "berkeley_any")];
    platform.world().opponent_thinks = None;
    let run = async |seconds: u64| {
        let shutdown = Shutdown::new();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            stop.stop();
        });
        let file = StateFile::open(directory.file()).unwrap();
        let play = platform.client().play(Random::seeded(1)).create_games(false).join_probability(1.0);
        play.state_file(file).shutdown(&shutdown).run().await.unwrap();
        platform.lines().into_iter().filter(|line| line.starts_with("POST /game/join/")).count()
    };
    assert_eq!(run(5).await, 1);
    // The wall clock hardly moved: the minute is not over.
    assert_eq!(run(40).await, 1);
    assert_eq!(run(100).await, 2);
}
