//! A key that changes while the connection lives (spec, "Get Your API Key": the old one is invalid at once).

use super::*;

const REFUSED: &str = r#"{"type":"error","code":"auth_failed","message":"invalid or expired API key"}"#;

fn greeting(stage: &mut Stage) -> String {
    let dial = stage.0.connect().unwrap();
    dial.greeting.unwrap().expose().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_new_key_makes_a_new_connection() {
    let mut stage = Stage::playing("m-1");
    stage.0.events();
    stage.2.replace("bp_live_newkey789".into()).unwrap();
    stage.0.command(Command::KeyReplaced);
    assert!(is_told(&stage.0.events(), |event| matches!(event, Event::Disconnected { .. })));
    assert!(stage.0.outcome().is_none());
    assert_eq!(greeting(&mut stage), r#"{"type":"authenticate","api_key":"bp_live_newkey789"}"#);
    stage.hear(AUTHENTICATED);
    // What is the same already changes nothing.
    stage.0.events();
    stage.0.command(Command::KeyReplaced);
    assert!(stage.0.events().is_empty() && stage.0.is_ready());
}

#[tokio::test(start_paused = true)]
async fn while_the_key_is_rotated_a_refusal_of_the_old_one_is_no_news() {
    let mut stage = Stage::ready();
    let rotation = stage.2.rotation();
    stage.0.lose(lost());
    greeting(&mut stage);
    stage.hear(REFUSED);
    assert!(stage.0.outcome().is_none());
    // The new key is there before the old one's refusal.
    greeting(&mut stage);
    stage.2.replace("bp_live_newkey789".into()).unwrap();
    drop(rotation);
    stage.hear(REFUSED);
    assert!(stage.0.outcome().is_none());
    assert!(greeting(&mut stage).contains("newkey789"));
    // From now on a refusal is what it was.
    stage.hear(REFUSED);
    assert_eq!(stage.0.outcome().unwrap().as_ref().unwrap_err().code(), &codes::AUTH_REJECTED);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_failed_leaves_the_old_key_and_its_refusal_is_final() {
    let mut stage = Stage::ready();
    drop(stage.2.rotation());
    stage.0.lose(lost());
    assert!(greeting(&mut stage).contains("bp_live_abc123"));
    stage.hear(REFUSED);
    assert_eq!(stage.0.outcome().unwrap().as_ref().unwrap_err().code(), &codes::AUTH_REJECTED);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_can_be_none_is_refused_and_none_is_shown() {
    let stage = Stage::ready();
    for wrong in ["", " ", "a b"] {
        assert_eq!(stage.2.replace(wrong.into()).unwrap_err().field(), Some("key"));
    }
    assert!(!format!("{:?}", stage.2).contains("abc123"));
}
