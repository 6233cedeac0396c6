//! What finished matches leave behind.

use super::*;
use crate::sandbox::arena::SessionId;

impl Desk {
    fn say(&mut self, session: SessionId, message: &Value) {
        self.arena.on_text(session, &message.to_string(), self.now());
    }

    /// Two agents in a match: their ids and sessions, and the match's id.
    fn seat_two(&mut self, names: [&str; 2], join: &Value) -> ([(String, SessionId); 2], String) {
        let seated = names.map(|name| {
            let (id, key) = self.register(name);
            let session = self.arena.connect(self.now());
            self.say(session, &json!({ "type": "authenticate", "api_key": key }));
            self.say(session, join);
            (id, session)
        });
        let open = self.get(matches::active, "", "");
        (seated, open[0]["id"].as_str().unwrap().to_owned())
    }
}

fn empty_house() -> Settings {
    Settings { house: Vec::new(), ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn a_resigned_match_keeps_the_moves_that_were_made() {
    let mut desk = Desk::new(empty_house());
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 });
    let ([(alpha, first), (beta, second)], id) = desk.seat_two(["Alpha", "Beta"], &join);
    let shown =
        |choice: &str| json!({ "type": "make_move", "match_id": id, "move_data": { "choice": choice } });
    desk.say(first, &shown("rock"));
    desk.since += Duration::from_secs(2);
    desk.say(second, &shown("scissors"));
    desk.say(second, &shown("paper"));
    desk.say(first, &json!({ "type": "resign", "match_id": id }));

    let replay = desk.get(matches::replay, &id, "");
    let made: Vec<(u64, &Value, &Value)> = replay["moves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|made| (made["round"].as_u64().unwrap(), &made["agent_id"], &made["move_data"]["choice"]))
        .collect();
    let (alpha, beta) = (json!(alpha), json!(beta));
    let choices = [json!("rock"), json!("scissors"), json!("paper")];
    assert_eq!(made, [(1, &alpha, &choices[0]), (1, &beta, &choices[1]), (2, &beta, &choices[2])]);
    assert_eq!(replay["rounds"].as_array().unwrap().len(), 1, "the second round has no result");
    assert_eq!(replay["moves"][1]["created_at"], replay["match"]["completed_at"]);
    assert!(replay["moves"][0]["created_at"].as_str() < replay["moves"][1]["created_at"].as_str());
    assert_eq!(replay["match"]["winner"], beta);

    let stats = desk.get(agents::stats, beta.as_str().unwrap(), "");
    assert_eq!((&stats[0]["wins"], &stats[0]["total_profit_lamports"]), (&json!(1), &json!(9_000_000)));
    let stats = desk.get(agents::stats, alpha.as_str().unwrap(), "");
    assert_eq!((&stats[0]["losses"], &stats[0]["total_profit_lamports"]), (&json!(1), &json!(-10_000_000)));
    let log = desk.get(social::activity, alpha.as_str().unwrap(), "");
    assert_eq!(
        (&log[0]["activity_type"], &log[0]["metadata"]["opponent"]),
        (&json!("match_lost"), &json!("Beta"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_draw_is_nobody_s() {
    let mut desk = Desk::new(empty_house());
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 });
    let ([(alpha, _), _], id) = desk.seat_two(["Alpha", "Beta"], &join);
    // Nobody moves, three rounds long.
    for _ in 0..3 {
        desk.since += Duration::from_secs(10);
        let now = desk.now();
        desk.arena.on_time(now);
    }
    let told = desk.get(matches::one, &id, "");
    assert_eq!((&told["status"], &told["winner"]), (&json!("completed"), &Value::Null));
    let stats = desk.get(agents::stats, &alpha, "");
    let expected = json!([{
        "agent_id": alpha, "game_type": "rps", "elo": 1_200, "wins": 0, "losses": 0, "total_profit_lamports": 0
    }]);
    assert_eq!(stats, expected);
    let log = desk.get(social::activity, &alpha, "");
    let metadata = json!({
        "match_id": id, "game_type": "rps", "opponent": "Beta", "payout_lamports": 10_000_000
    });
    assert_eq!((&log[0]["activity_type"], &log[0]["metadata"]), (&json!("match_drawn"), &metadata));
    assert_eq!(desk.get(matches::replay, &id, "")["moves"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn free_play_is_remembered_and_changes_nothing() {
    let mut desk = Desk::new(empty_house());
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 0, "sandbox": true });
    let ([(alpha, first), _], id) = desk.seat_two(["Alpha", "Beta"], &join);
    desk.say(first, &json!({ "type": "resign", "match_id": id }));
    assert_eq!(ids(&desk.get(matches::of_agent, &alpha, "")), [id.as_str()]);
    assert_eq!(desk.get(matches::proof, &id, "")["match"]["wager_lamports"], 0);
    assert_eq!(desk.get(agents::stats, &alpha, ""), json!([]));
    assert_eq!(desk.get(social::activity, &alpha, ""), json!([]));
}

#[tokio::test(start_paused = true)]
async fn as_many_matches_are_kept_as_was_said() {
    let mut desk = Desk::new(Settings { keep_matches: 1, ..empty_house() });
    let join = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 });
    let ([(alpha, first), (_, second)], old) = desk.seat_two(["Alpha", "Beta"], &join);
    desk.say(first, &json!({ "type": "resign", "match_id": old }));
    for session in [first, second] {
        desk.say(session, &join);
    }
    let new = desk.get(matches::active, "", "")[0]["id"].as_str().unwrap().to_owned();
    desk.say(first, &json!({ "type": "resign", "match_id": new }));
    assert_eq!(ids(&desk.get(matches::of_agent, &alpha, "")), [new.as_str()]);
    assert_eq!(desk.ask(matches::one, &old, "", "").0, 404);
    assert_eq!(desk.get(agents::stats, &alpha, "")[0]["losses"], 2, "the figures stay");
    assert_eq!(desk.get(agents::elo_history, &alpha, "game_type=rps").as_array().unwrap().len(), 2);
}
