use super::*;

#[tokio::test(start_paused = true)]
async fn house_bots_answer_each_in_its_way() {
    let mut scene = Scene::new(Settings { house: HouseBot::ALL.to_vec(), ..plain() });
    let nova = scene.key("Nova");
    for (code, after, status, outcome) in [
        ("rosie", Duration::from_millis(300), 200, Outcome::Answered),
        ("professor", Duration::from_millis(300), 200, Outcome::Answered),
        ("tortoise", seconds(12), 200, Outcome::Answered),
        ("statue", seconds(30), 504, Outcome::TimedOut),
        ("ghost", Duration::ZERO, 503, Outcome::Offline),
        ("webster", Duration::from_millis(300), 502, Outcome::Blocked),
        ("goliath", Duration::from_millis(300), 200, Outcome::Answered),
        ("mallory", Duration::from_millis(300), 200, Outcome::Answered),
        ("glitch", Duration::from_millis(300), 500, Outcome::Answered),
    ] {
        let call = scene.proxy(&nova, code, None).unwrap();
        assert_eq!(scene.answer(call).is_some(), after.is_zero(), "{code}");
        scene.pass(after);
        assert_eq!(scene.answer(call).unwrap().status.as_u16(), status, "{code}");
        assert_eq!(scene.network.calls().last().unwrap().outcome, Some(outcome), "{code}");
    }
    let huge = scene.answers.iter().map(|(_, answer)| answer.body.len()).max().unwrap();
    assert!(huge > 2 << 20);
}

/// Everything that house bots say to an online bot that answers at once.
fn visited(settings: Settings, seed: u64) -> Vec<(String, String)> {
    let mut scene = Scene::new(settings);
    scene.network.restart(seed, scene.now);
    let key = scene.key("Zeph");
    let tunnel = scene.open(&key);
    let mut seen = Vec::new();
    for _ in 0..1_200 {
        scene.pass(Duration::from_millis(100));
        let count = scene.frames.iter().filter(|(_, frame)| frame["type"] == "request").count();
        if count > seen.len() {
            let frame = scene.last(tunnel, "request").unwrap();
            let session = frame["headers"]["X-KPATH-Session-ID"].as_str().unwrap().to_owned();
            seen.push((session, frame["body"].as_str().unwrap().to_owned()));
            scene.respond(tunnel, r#"{"reply":"as you say"}"#);
        }
        scene.say(tunnel, &json!({ "type": "ping" }));
    }
    let calls = scene.network.calls();
    assert!(calls.iter().all(|call| matches!(call.from, Caller::House(_)) && call.outcome.is_some()));
    seen
}

#[tokio::test(start_paused = true)]
async fn house_bots_call_and_hold_conversations_of_a_few_turns() {
    let settings = Settings { house: HouseBot::ALL.to_vec(), house_calls: 3, ..plain() };
    let seen = visited(settings.clone(), 7);
    let mut turns: Vec<u32> = Vec::new();
    let mut last = "";
    for (session, _) in &seen {
        if session == last {
            *turns.last_mut().unwrap() += 1
        } else {
            turns.push(1)
        }
        last = session;
    }
    assert_eq!(turns.len(), 3, "three conversations: {turns:?}");
    assert!(turns.iter().all(|turns| (2..=3).contains(turns)), "{turns:?}");
    assert_eq!(visited(settings.clone(), 7), seen, "a seed repeats them");
    assert_ne!(visited(settings.clone(), 8), seen);
    assert!(visited(Settings { house_calls: 0, ..settings.clone() }, 7).is_empty());
    let forever = visited(Settings { house_calls: u32::MAX, ..settings.clone() }, 7);
    assert!(forever.len() > 20, "{}", forever.len());
    let friendly = visited(Settings { house: vec![HouseBot::Friendly], ..settings }, 7);
    assert!(friendly[1].1.contains("as you say"), "a house bot heard the answer: {:?}", friendly[1]);
}

#[tokio::test(start_paused = true)]
async fn a_house_bot_gives_up_on_a_bot_that_is_gone() {
    let settings = Settings { house: vec![HouseBot::Friendly], house_calls: 2, ..plain() };
    let mut scene = Scene::new(settings);
    let key = scene.key("Zeph");
    let tunnel = scene.open(&key);
    scene.pass(seconds(8));
    assert!(scene.last(tunnel, "request").is_some());
    scene.act(|network, now| network.disconnect(tunnel, now));
    scene.pass(seconds(60));
    assert_eq!(scene.network.calls().len(), 1);
    let back = scene.open(&key);
    scene.pass(seconds(8));
    assert!(scene.last(back, "request").is_some(), "and calls again when it is back");
}
