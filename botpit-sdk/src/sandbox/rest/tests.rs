//! Endpoints without a socket: what time, memory and wrong calls do to them.

mod settled;

use std::time::{Duration, UNIX_EPOCH};

use ed25519_dalek::{Signer, SigningKey};
use sdk_core::clock::{Clock, Instant};
use serde_json::{Value, json};

use super::*;
use crate::sandbox::arena::{Outgoing, close};
use crate::sandbox::games::KNOWN;
use crate::sandbox::settings::Settings;

const START: u64 = 1_709_500_000;

/// A platform, its time, and a wallet.
struct Desk {
    arena: Arena,
    began: Instant,
    since: Duration,
    wallet: SigningKey,
}

impl Desk {
    fn new(settings: Settings) -> Self {
        let (began, start) = (Instant::now(), UNIX_EPOCH + Duration::from_secs(START));
        let arena = Arena::new(settings, 7, Clock::real(), began, start);
        Self { arena, began, since: Duration::ZERO, wallet: SigningKey::from_bytes(&[7; 32]) }
    }

    fn now(&self) -> Instant {
        self.began + self.since
    }

    fn ask(&mut self, answers: Endpoint, id: &str, query: &str, body: &str) -> (u16, Value) {
        let times = [UNIX_EPOCH + Duration::from_secs(START) + self.since];
        let call = Call { id, query, body: body.as_bytes(), now: self.now(), times: &times };
        let answer = answers(&mut self.arena, &call).unwrap_or_else(Answer::from);
        let body =
            if answer.body.is_empty() { Value::Null } else { serde_json::from_str(&answer.body).unwrap() };
        (answer.status, body)
    }

    fn get(&mut self, answers: Endpoint, id: &str, query: &str) -> Value {
        let (status, body) = self.ask(answers, id, query, "");
        assert_eq!(status, 200, "{body}");
        body
    }

    /// A body that the wallet has signed at this time.
    fn signed(&self, verb: &str, more: Value) -> String {
        self.signed_at(verb, START + self.since.as_secs(), more)
    }

    fn signed_at(&self, verb: &str, timestamp: u64, mut more: Value) -> String {
        let address = bs58::encode(self.wallet.verifying_key().as_bytes()).into_string();
        let message = format!("BOTPIT:{verb}:{address}:{timestamp}");
        more["signature"] =
            bs58::encode(self.wallet.sign(message.as_bytes()).to_bytes()).into_string().into();
        more["wallet_address"] = address.into();
        more["message"] = message.into();
        more.to_string()
    }

    fn register(&mut self, name: &str) -> (String, String) {
        let body = self.signed("register", json!({ "name": name }));
        let (status, told) = self.ask(agents::register, "", "", &body);
        assert_eq!(status, 201, "{told}");
        let text = |field: &str| told[field].as_str().unwrap().to_owned();
        (text("agent_id"), text("api_key"))
    }

    /// A house agent's id.
    fn house(&mut self) -> String {
        let agents = self.get(marketplace::agents, "", "limit=1");
        agents[0]["agent_id"].as_str().unwrap().to_owned()
    }
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_showcase_fills_what_would_be_empty() {
    let mut desk = Desk::new(Settings::default());
    for game in KNOWN {
        let all = desk.get(leaderboard::of_game, game, "");
        let all = all.as_array().unwrap();
        assert!(all.len() >= 2, "{game}");
        let elos: Vec<i64> = all.iter().map(|place| place["elo"].as_i64().unwrap()).collect();
        assert!(elos.is_sorted_by(|one, other| one >= other), "{game}: {elos:?}");
        let ranks: Vec<usize> = all.iter().map(|place| place["rank"].as_u64().unwrap() as usize).collect();
        assert_eq!(ranks, (1..=all.len()).collect::<Vec<_>>(), "{game}");
        // One match is more than a week ago, and one is not.
        let weekly = desk.get(leaderboard::of_game, game, "period=weekly");
        assert_eq!(weekly.as_array().unwrap().len(), 2, "{game}");
        let played = |list: &[Value]| -> u64 {
            list.iter().map(|place| place["wins"].as_u64().unwrap() + place["losses"].as_u64().unwrap()).sum()
        };
        assert!(played(weekly.as_array().unwrap()) <= 2 && played(all) <= 4, "{game}");
        assert_eq!(desk.get(leaderboard::of_game, game, "limit=1").as_array().unwrap().len(), 1);
    }
    let house = desk.house();
    let matches = desk.get(matches::of_agent, &house, "");
    let newest = matches[0]["id"].as_str().unwrap();
    let proof = desk.get(matches::proof, newest, "");
    let seed = proof["verification"]["server_seed"].as_str().unwrap();
    let hash = crate::sandbox::seeds::hex(&crate::sandbox::seeds::sha256(seed));
    assert_eq!(proof["verification"]["server_seed_hash"], hash);
    assert!(!desk.get(social::activity, &house, "").as_array().unwrap().is_empty());
    // House agents belong to nobody, and were there before their matches.
    let agent = desk.get(agents::agent, &house, "");
    let oldest = matches.as_array().unwrap().last().unwrap();
    assert!(agent["created_at"].as_str() < oldest["created_at"].as_str());
}

#[tokio::test(start_paused = true)]
async fn a_month_later_only_the_totals_are_left() {
    let mut desk = Desk::new(Settings::default());
    assert!(!desk.get(leaderboard::of_game, "rps", "period=monthly").as_array().unwrap().is_empty());
    let all = desk.get(leaderboard::of_game, "rps", "");
    desk.since = Duration::from_secs(8 * 86_400);
    assert_eq!(desk.get(leaderboard::of_game, "rps", "period=weekly"), json!([]));
    desk.since = Duration::from_secs(31 * 86_400);
    assert_eq!(desk.get(leaderboard::of_game, "rps", "period=monthly"), json!([]));
    assert_eq!(desk.get(leaderboard::of_game, "rps", ""), all);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_parameter_is_refused_and_named() {
    let mut desk = Desk::new(Settings::default());
    let house = desk.house();
    let cases: &[(Endpoint, &str, &str, &str)] = &[
        (agents::elo_history, &house, "", "game_type"),
        (agents::elo_history, &house, "limit=5", "game_type"),
        (agents::elo_history, &house, "game_type=chess", "game_type"),
        (agents::elo_history, &house, "game_type=rps&limit=501", "limit: a whole number from 1 to 500"),
        (agents::elo_history, &house, "game_type=rps&limit=0", "limit"),
        (matches::of_agent, &house, "limit=101", "limit: a whole number from 1 to 100"),
        (matches::of_agent, &house, "limit=-1", "limit"),
        (matches::of_agent, &house, "limit=", "limit"),
        (matches::of_agent, &house, "offset=-1", "offset"),
        (matches::of_agent, &house, "offset=x", "offset"),
        (leaderboard::of_game, "chess", "", "game_type"),
        (leaderboard::of_game, "rps", "period=daily", "period"),
        (leaderboard::of_game, "rps", "limit=101", "limit"),
        (marketplace::agents, "", "sort=age", "sort"),
        (marketplace::agents, "", "game_type=chess", "game_type"),
        (marketplace::agents, "", "limit=101", "limit"),
        (marketplace::agents, "", "offset=1.5", "offset"),
        (social::activity, &house, "limit=101", "limit"),
        (social::feed, "", "", "agent_id"),
        (social::feed, "", &format!("agent_id={house}&limit=101"), "limit"),
        (challenges::open, "", "game_type=chess", "game_type"),
    ];
    for (answers, id, query, part) in cases {
        let (status, told) = desk.ask(*answers, id, query, "");
        assert_eq!(status, 400, "{query}: {told}");
        assert!(told["error"].as_str().unwrap().contains(part), "{query}: {told}");
        assert_eq!(told.as_object().unwrap().len(), 1);
    }
    // The largest that is allowed, and what nobody has asked for.
    for (answers, id, query) in [
        (agents::elo_history as Endpoint, house.as_str(), "game_type=rps&limit=500"),
        (matches::of_agent, &house, "limit=100&offset=99999"),
        (marketplace::agents, "", "limit=100&colour=red"),
    ] {
        desk.get(answers, id, query);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_there_is_not_found() {
    let mut desk = Desk::new(Settings::default());
    let mine = desk.register("MyAgent").0;
    let gets: &[Endpoint] = &[
        agents::agent,
        agents::stats,
        agents::elo_history,
        matches::of_agent,
        profiles::profile,
        social::followers,
        social::activity,
        matches::one,
        matches::replay,
        matches::proof,
    ];
    for answers in gets {
        for id in ["", "nobody", "550e8400-e29b-41d4-a716-446655440000"] {
            let (status, told) = desk.ask(*answers, id, "game_type=rps", "");
            assert!(status == 404 && told["error"].as_str().unwrap().contains("not found"), "{told}");
        }
    }
    assert_eq!(desk.ask(social::feed, "", "agent_id=nobody", "").0, 404);
    assert_eq!(desk.get(agents::of_wallet, "nobody", ""), json!([]));
    for (answers, verb) in [
        (agents::rotate_key as Endpoint, "rotate-key"),
        (profiles::update, "update-profile"),
        (social::follow, "follow"),
        (social::unfollow, "unfollow"),
    ] {
        let body = desk.signed(verb, json!({ "follower_agent_id": mine }));
        assert_eq!(desk.ask(answers, "nobody", "", &body).0, 404, "{verb}");
    }
    let house = desk.house();
    let body = desk.signed("follow", json!({ "follower_agent_id": "nobody" }));
    assert_eq!(desk.ask(social::follow, &house, "", &body).0, 404);
}

/// Every call that a wallet signs, with what it needs besides.
fn signed_calls(mine: &str, house: &str) -> Vec<(Endpoint, &'static str, String, Value)> {
    let asset = "So11111111111111111111111111111111111111112";
    vec![
        (agents::register, "register", String::new(), json!({ "name": "Again" })),
        (agents::rotate_key, "rotate-key", mine.into(), json!({})),
        (profiles::update, "update-profile", mine.into(), json!({ "bio": "b" })),
        (agents::link_identity, "identity", mine.into(), json!({ "asset_pubkey": asset })),
        (social::follow, "follow", house.into(), json!({ "follower_agent_id": mine })),
        (social::unfollow, "unfollow", house.into(), json!({ "follower_agent_id": mine })),
        (auth::token, "auth", String::new(), json!({})),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_checked_in_every_call_that_has_one() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    for (answers, verb, id, more) in signed_calls(&mine, &house) {
        let refused = |desk: &mut Desk, body: &str, status: u16, part: &str| {
            let (got, told) = desk.ask(answers, &id, "", body);
            assert_eq!(got, status, "{verb}: {told}");
            assert!(told["error"].as_str().unwrap().contains(part), "{verb}: {told}");
        };
        refused(&mut desk, "{", 400, "not JSON");
        refused(&mut desk, "[]", 400, "\"wallet_address\"");
        let another = if verb == "auth" { "register" } else { "auth" };
        let body = desk.signed(another, more.clone());
        refused(&mut desk, &body, 400, &format!("BOTPIT:{verb}:"));
        for timestamp in [START - 301, START + 301] {
            let body = desk.signed_at(verb, timestamp, more.clone());
            refused(&mut desk, &body, 401, "timestamp");
        }
        // The wallet's own message with the signature of another.
        let mut body: Value = serde_json::from_str(&desk.signed(verb, more.clone())).unwrap();
        let other = SigningKey::from_bytes(&[8; 32]);
        let forged = other.sign(body["message"].as_str().unwrap().as_bytes());
        body["signature"] = bs58::encode(forged.to_bytes()).into_string().into();
        refused(&mut desk, &body.to_string(), 401, "signature");
    }
}

#[tokio::test(start_paused = true)]
async fn a_signed_request_is_obeyed_once() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    for (answers, verb, id, more) in signed_calls(&mine, &house) {
        let body = desk.signed(verb, more);
        let (status, told) = desk.ask(answers, &id, "", &body);
        assert!(status < 300, "{verb}: {told}");
        let (status, told) = desk.ask(answers, &id, "", &body);
        if verb == "auth" {
            assert_eq!(status, 200, "a token changes nothing");
        } else {
            assert!(status == 401 && told["error"].as_str().unwrap().contains("used"), "{verb}: {told}");
        }
    }
    // One signature for two follows within a second: the wallet signs the same message.
    let [first, second] = ["A", "B"].map(|name| desk.register(name).0);
    let body = desk.signed("follow", json!({ "follower_agent_id": mine }));
    assert_eq!(desk.ask(social::follow, &first, "", &body).0, 200);
    assert_eq!(desk.ask(social::follow, &second, "", &body).0, 200);
}

#[tokio::test(start_paused = true)]
async fn only_the_owner_s_wallet_changes_an_agent() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    desk.wallet = SigningKey::from_bytes(&[9; 32]);
    for (answers, verb, id, more) in signed_calls(&mine, &house) {
        if matches!(verb, "register" | "auth") {
            continue;
        }
        let body = desk.signed(verb, more);
        let (status, told) = desk.ask(answers, &id, "", &body);
        assert_eq!(
            (status, &told),
            (401, &json!({ "error": "this wallet does not own the agent" })),
            "{verb}"
        );
    }
    assert_eq!(desk.get(agents::agent, &mine, "")["identity_8004"], Value::Null);
    assert_eq!(desk.get(social::followers, &house, ""), json!({ "followers": 0, "following": 0 }));
}

#[tokio::test(start_paused = true)]
async fn nobody_follows_itself() {
    let mut desk = Desk::new(Settings::default());
    let mine = desk.register("MyAgent").0;
    for (answers, verb) in [(social::follow as Endpoint, "follow"), (social::unfollow, "unfollow")] {
        let body = desk.signed(verb, json!({ "follower_agent_id": mine }));
        let (status, told) = desk.ask(answers, &mine, "", &body);
        assert!(status == 400 && told["error"].as_str().unwrap().contains("itself"), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_checked() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    let cases: Vec<(Endpoint, &str, &str, Value, &str)> = vec![
        (agents::register, "register", "", json!({}), "\"name\""),
        (agents::register, "register", "", json!({ "name": "x".repeat(65) }), "64"),
        (profiles::update, "update-profile", &mine, json!({ "bio": "x".repeat(501) }), "500"),
        (profiles::update, "update-profile", &mine, json!({ "bio": ["x"] }), "\"bio\""),
        (agents::link_identity, "identity", &mine, json!({}), "\"asset_pubkey\""),
        (agents::link_identity, "identity", &mine, json!({ "asset_pubkey": "abc" }), "32-byte"),
        (social::follow, "follow", &house, json!({}), "\"follower_agent_id\""),
    ];
    for (answers, verb, id, more, part) in cases {
        let body = desk.signed(verb, more);
        let (status, told) = desk.ask(answers, id, "", &body);
        assert!(status == 400 && told["error"].as_str().unwrap().contains(part), "{verb}: {told}");
    }
    let body = desk.signed("update-profile", json!({ "bio": "x".repeat(500) }));
    assert_eq!(desk.ask(profiles::update, &mine, "", &body).0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_ends_the_session_and_opens_the_next() {
    let mut desk = Desk::new(Settings::default());
    let (mine, old) = desk.register("MyAgent");
    let login = |desk: &mut Desk, key: &str| {
        let now = desk.now();
        let session = desk.arena.connect(now);
        desk.arena.on_text(session, &json!({ "type": "authenticate", "api_key": key }).to_string(), now);
        (session, desk.arena.take_outbox())
    };
    let (session, _) = login(&mut desk, &old);
    assert_eq!(desk.get(platform::stats, "", "")["connected_agents"], 1);
    let body = desk.signed("rotate-key", json!({}));
    let (status, told) = desk.ask(agents::rotate_key, &mine, "", &body);
    assert_eq!(status, 200);
    let new = told["api_key"].as_str().unwrap();
    assert!(new.starts_with("bp_live_") && new != old);
    let closed = Outgoing::Close { code: close::KEY_ROTATED, reason: "the API key was rotated" };
    assert_eq!(desk.arena.take_outbox(), [(session, closed)]);
    assert_eq!(desk.get(platform::stats, "", "")["connected_agents"], 0);
    let heard = |outbox: Vec<(_, Outgoing)>| format!("{:?}", outbox[0].1);
    assert!(heard(login(&mut desk, &old).1).contains("auth_failed"));
    assert!(heard(login(&mut desk, new).1).contains("authenticated"));
}

#[tokio::test(start_paused = true)]
async fn the_marketplace_sorts_filters_and_pages() {
    let mut desk = Desk::new(Settings::default());
    let (mine, _) = desk.register("Zebra Ünicorn");
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|agent| agent["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = desk.get(marketplace::agents, "", "");
    assert_eq!(all.as_array().unwrap().len(), 7);
    for (sort, field) in [
        ("elo", "best_elo"),
        ("wins", "total_wins"),
        ("profit", "total_profit_lamports"),
        ("followers", "follower_count"),
    ] {
        let list = desk.get(marketplace::agents, "", &format!("sort={sort}"));
        let values: Vec<i64> =
            list.as_array().unwrap().iter().map(|agent| agent[field].as_i64().unwrap()).collect();
        assert!(values.is_sorted_by(|one, other| one >= other), "{sort}: {values:?}");
    }
    assert_eq!(desk.get(marketplace::agents, "", "sort=elo"), all, "by rating unless told otherwise");
    let house = desk.house();
    let body = desk.signed("follow", json!({ "follower_agent_id": mine }));
    desk.ask(social::follow, &house, "", &body);
    let followed = desk.get(marketplace::agents, "", "sort=followers&limit=1");
    assert_eq!((&followed[0]["agent_id"], &followed[0]["follower_count"]), (&json!(house), &json!(1)));
    for search in ["search=zebra", "search=ZEBRA+%C3%9CN", "search=%C3%BCnicorn"] {
        assert_eq!(names(&desk.get(marketplace::agents, "", search)), ["Zebra Ünicorn"], "{search}");
    }
    let found = desk.get(marketplace::agents, "", "search=zebra");
    assert_eq!((&found[0]["best_elo"], &found[0]["total_wins"]), (&json!(1_200), &json!(0)));
    assert_eq!(desk.get(marketplace::agents, "", "search=zebra&game_type=rps"), json!([]));
    assert!(!desk.get(marketplace::agents, "", "game_type=rps").as_array().unwrap().is_empty());
    let mut paged = Vec::new();
    for offset in [0, 3, 6, 9] {
        paged.extend(names(&desk.get(marketplace::agents, "", &format!("limit=3&offset={offset}"))));
    }
    assert_eq!(paged, names(&desk.get(marketplace::agents, "", "")));
}

#[tokio::test(start_paused = true)]
async fn a_feed_is_what_the_followed_did() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    let query = format!("agent_id={mine}");
    assert_eq!(desk.get(social::feed, "", &query), json!([]));
    let body = desk.signed("follow", json!({ "follower_agent_id": mine }));
    desk.ask(social::follow, &house, "", &body);
    let feed = desk.get(social::feed, "", &query);
    assert_eq!(feed, desk.get(social::activity, &house, ""));
    assert!(feed.as_array().unwrap().len() >= 2);
    let times: Vec<&str> =
        feed.as_array().unwrap().iter().map(|entry| entry["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
    let second = desk.get(social::feed, "", &format!("{query}&limit=1&offset=1"));
    assert_eq!(ids(&second), ids(&feed)[1..2]);
    assert_eq!(desk.get(social::activity, &mine, "")[0]["activity_type"], "followed");
    let body = desk.signed("unfollow", json!({ "follower_agent_id": mine }));
    desk.ask(social::unfollow, &house, "", &body);
    assert_eq!(desk.get(social::feed, "", &query), json!([]));
    // Twice is as good as once.
    desk.since += Duration::from_secs(1);
    let body = desk.signed("unfollow", json!({ "follower_agent_id": mine }));
    assert_eq!(desk.ask(social::unfollow, &house, "", &body), (200, Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_matches_and_keeps_who_is_who() {
    let mut desk = Desk::new(Settings::default());
    let (mine, house) = (desk.register("MyAgent").0, desk.house());
    let body = desk.signed("follow", json!({ "follower_agent_id": mine }));
    desk.ask(social::follow, &house, "", &body);
    let body = desk.signed("update-profile", json!({ "bio": "still here" }));
    desk.ask(profiles::update, &mine, "", &body);
    let before = desk.get(leaderboard::of_game, "rps", "");
    let shown = desk.get(matches::of_agent, &house, "")[0]["id"].clone();
    desk.arena.restart(8, desk.now());
    assert_eq!(desk.ask(matches::one, shown.as_str().unwrap(), "", "").0, 404);
    assert_eq!(desk.get(social::activity, &mine, ""), json!([]));
    assert_eq!(desk.get(social::followers, &house, "")["followers"], 1);
    assert_eq!(desk.get(profiles::profile, &mine, "")["profile"]["bio"], "still here");
    desk.arena.restart(7, desk.now());
    assert_eq!(desk.get(leaderboard::of_game, "rps", ""), before, "the same seed shows the same");
}

#[tokio::test(start_paused = true)]
async fn an_empty_house_has_empty_lists() {
    let mut desk = Desk::new(Settings { house: Vec::new(), ..Settings::default() });
    assert_eq!(desk.get(marketplace::agents, "", ""), json!([]));
    assert_eq!(desk.get(leaderboard::of_game, "rps", ""), json!([]));
    assert_eq!(desk.get(matches::active, "", ""), json!([]));
    assert_eq!(desk.get(challenges::open, "", "game_type=rps"), json!([]));
    let mine = desk.register("MyAgent").0;
    assert_eq!(desk.get(agents::stats, &mine, ""), json!([]));
    assert_eq!(desk.get(agents::elo_history, &mine, "game_type=rps"), json!([]));
    let page = desk.get(profiles::profile, &mine, "");
    assert_eq!(page["profile"]["agent_id"], page["agent"]["id"]);
    assert_eq!(page["profile"]["bio"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_refused_is_not_active() {
    let mut desk = Desk::new(Settings::default());
    let mine = desk.register("Agent faultRevoked").0;
    assert_eq!(desk.get(agents::agent, &mine, "")["is_active"], false);
}
