//! Keys and wallets in files.

use std::path::{Path, PathBuf};

use botpit_sdk::Sent;
use botpit_sdk::rest::{Protection, StoredKey};
use botpit_sdk::sdk_core::error::codes;

use super::*;

/// An empty directory for one test.
pub(super) fn directory(name: &str) -> PathBuf {
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rest-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

pub(super) fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_registered_key_is_stored_for_its_owner_alone() {
    let directory = directory("register");
    let path = directory.join("agent.key");
    let (_server, rest) = answering(201, REGISTER_RESPONSE).await;
    let stored = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap();
    assert_eq!(files(&directory), ["agent.key"]);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("BOTPIT_AGENT_ID={AGENT}\nBOTPIT_API_KEY=bp_live_abc123def456...\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(stored.protection, Protection::OwnerOnly);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(StoredKey::load(&path).unwrap().protection, Protection::Open);
    }
    #[cfg(not(unix))]
    assert_eq!(stored.protection, Protection::Open);
    let loaded = StoredKey::load(&path).unwrap();
    assert_eq!((&loaded.agent_id, loaded.api_key.expose()), (&stored.agent_id, stored.api_key.expose()));
    assert!(!format!("{stored:?} {loaded:?}").contains("abc123"));
}

#[tokio::test]
async fn no_file_is_overwritten_by_a_registration_and_nothing_is_sent() {
    let directory = directory("overwrite");
    let (server, rest) = answering(201, REGISTER_RESPONSE).await;
    for text in ["", "somebody's notes", "BOTPIT_AGENT_ID=a\nBOTPIT_API_KEY=k\n"] {
        let path = directory.join("agent.key");
        std::fs::write(&path, text).unwrap();
        let error = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap_err();
        assert_eq!((error.field(), error.sent()), (Some("path"), Sent::No), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let nowhere = directory.join("missing").join("agent.key");
    let error = rest.register_and_store("MyAgent", &KeyService::documented(), &nowhere).await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::LOCAL_IO, Sent::No));
    assert_eq!(server.calls().len(), 0);
    assert_eq!(files(&directory), ["agent.key"]);
}

#[tokio::test]
async fn a_registration_that_fails_leaves_no_file() {
    let directory = directory("failed");
    for (status, body) in
        [(400, ERROR), (201, "{}"), (201, r#"{"agent_id":"a\nB=1","name":"n","api_key":"k"}"#)]
    {
        let (_server, rest) = answering(status, body).await;
        let path = directory.join("agent.key");
        let error = rest.register_and_store("MyAgent", &KeyService::documented(), &path).await.unwrap_err();
        assert_eq!(error.sent(), Sent::Yes);
        // Where the agent exists, it is told how to get at it.
        assert_eq!(error.to_string().contains("rotate_key"), status == 201, "{error}");
        assert_eq!(files(&directory), [""; 0]);
    }
}

#[tokio::test]
async fn a_rotated_key_replaces_the_agents_own_file_and_no_other() {
    let directory = directory("rotate");
    let (server, rest) = answering(200, ROTATE_KEY_RESPONSE).await;
    let (path, signer) = (directory.join("agent.key"), KeyService::documented());
    for (text, replaced) in [
        (None, true),
        (Some(format!("# mine\nBOTPIT_API_KEY=old\nexport BOTPIT_AGENT_ID='{AGENT}'\n")), true),
        (Some("BOTPIT_AGENT_ID=another\nBOTPIT_API_KEY=old\n".to_owned()), false),
        (Some("somebody's notes".to_owned()), false),
        (Some("x".repeat(100_000)), false),
    ] {
        if let Some(text) = &text {
            std::fs::write(&path, text).unwrap();
        }
        let before = server.calls().len();
        let outcome = rest.rotate_key_and_store(&agent(), &signer, &path).await;
        if replaced {
            let stored = outcome.unwrap();
            let loaded = StoredKey::load(&path).unwrap();
            assert_eq!((loaded.agent_id.as_str(), loaded.api_key.expose()), (AGENT, "bp_live_newkey789..."));
            assert_eq!(
                (stored.api_key.expose(), stored.protection),
                ("bp_live_newkey789...", loaded.protection)
            );
        } else {
            assert_eq!(outcome.unwrap_err().field(), Some("path"));
            assert_eq!(server.calls().len(), before, "nothing was sent");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text.unwrap());
        }
        assert_eq!(files(&directory), ["agent.key"]);
    }
}

#[tokio::test]
async fn a_rotation_that_is_refused_keeps_the_old_key() {
    let directory = directory("refused");
    let path = directory.join("agent.key");
    let text = format!("BOTPIT_AGENT_ID={AGENT}\nBOTPIT_API_KEY=old\n");
    std::fs::write(&path, &text).unwrap();
    let (_server, rest) = answering(401, ERROR).await;
    rest.rotate_key_and_store(&agent(), &KeyService::documented(), &path).await.unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(files(&directory), ["agent.key"]);
}

#[test]
fn a_file_without_a_key_is_refused_and_not_shown() {
    let directory = directory("load");
    let path = directory.join("agent.key");
    assert_eq!(StoredKey::load(&path).unwrap_err().code(), &codes::LOCAL_IO);
    for text in ["", "BOTPIT_API_KEY=s3cr3t\n", "s3cr3t"] {
        std::fs::write(&path, text).unwrap();
        let error = StoredKey::load(&path).unwrap_err();
        assert_eq!(error.field(), Some("path"));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}

#[cfg(feature = "wallet")]
mod with_a_wallet {
    use botpit_sdk::model::{ProfileUpdate, Verb, WalletMessage};
    use botpit_sdk::wallet::{Wallet, verify};

    use super::*;

    #[tokio::test]
    async fn all_seven_verbs_are_signed_so_that_they_can_be_verified() {
        let wallet = Wallet::generate().unwrap();
        let server = Server::start(vec![
            json(201, REGISTER_RESPONSE),
            json(200, ROTATE_KEY_RESPONSE),
            json(200, UPDATE_PROFILE_RESPONSE),
            json(200, ""),
            json(200, ""),
            json(200, ""),
            json(200, AUTH_TOKEN_RESPONSE),
        ])
        .await;
        let rest = server.rest();
        rest.register("MyAgent", &wallet).await.unwrap();
        rest.rotate_key(&agent(), &wallet).await.unwrap();
        rest.update_profile(&agent(), &ProfileUpdate::new(), &wallet).await.unwrap();
        rest.follow(&agent(), &"b".into(), &wallet).await.unwrap();
        rest.unfollow(&agent(), &"b".into(), &wallet).await.unwrap();
        rest.link_identity(&agent(), wallet.address(), &wallet).await.unwrap();
        rest.auth_token(&&wallet).await.unwrap();
        let calls = server.calls();
        assert_eq!(calls.len(), Verb::ALL.len());
        for (call, verb) in calls.iter().zip(Verb::ALL) {
            let body = call.json();
            let part = |name: &str| body[name].as_str().unwrap().to_owned();
            verify(wallet.address(), &part("message"), &part("signature")).unwrap();
            let message: WalletMessage = part("message").parse().unwrap();
            assert_eq!(
                (message.verb, message.wallet_address),
                (verb, part("wallet_address")),
                "{}",
                call.line
            );
        }
    }

    #[test]
    fn a_keypair_file_is_read_and_checked() {
        let directory = directory("wallet");
        let path = directory.join("id.json");
        // RFC 8032, section 7.1, test 1: the seed and the public key.
        let hex = [
            0x9d61_b19d_effd_5a60_ba84_4af4_92ec_2cc4_u128,
            0x4449_c569_7b32_6919_703b_ac03_1cae_7f60,
            0xd75a_9801_82b1_0ab7_d54b_fed3_c964_073a,
            0x0ee1_72f3_daa6_2325_af02_1a68_f707_511a,
        ];
        let pair = hex.map(u128::to_be_bytes).concat();
        let wrong = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Wallet::from_keypair_file(&path).unwrap_err();
            assert_eq!(error.field(), Some("wallet"), "{text:.40}");
            assert_eq!(error.code(), &codes::INVALID_ARGUMENT);
        };
        assert_eq!(Wallet::from_keypair_file(&path).unwrap_err().code(), &codes::LOCAL_IO);
        wrong("");
        wrong("[1,2,3]");
        let mut mixed = pair.clone();
        mixed[63] ^= 1;
        wrong(&format!("{mixed:?}"));
        wrong(&format!("{:?} 7", pair));
        wrong(&format!("{:?}", [1_u8; 65]));
        wrong(&format!("{}{pair:?}", " ".repeat(5_000)));

        std::fs::write(&path, format!("{pair:?}\n")).unwrap();
        let wallet = Wallet::from_keypair_file(&path).unwrap();
        assert_eq!(wallet.address(), bs58::encode(&pair[32..]).into_string());
    }
}
