//! Every call of [`Rest`] against the sandbox.

use std::future::pending;

use botpit_sdk::model::{
    ActivityType, GameType, MarketplaceSort, Match, MatchStatus, Period, ProfileUpdate, Side,
};
use botpit_sdk::sandbox::{EndReason, Side as SandboxSide};
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{
    ErrorKind, EventHandler, GameStart, Handle, Lamports, MoveData, Rest, Result, SignedLamports, Turn,
};
use tokio::sync::mpsc;

use super::*;

fn wallet() -> Wallet {
    Wallet::from_seed(&[7; 32])
}

#[tokio::test(start_paused = true)]
async fn an_agent_s_life() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    let wallet = wallet();
    let registered = rest.register("MyAgent", &wallet).await.unwrap();
    let me = registered.agent_id.clone();

    let agent = rest.agent(&me).await.unwrap();
    assert_eq!((agent.name.as_str(), agent.wallet_address.as_str()), ("MyAgent", wallet.address()));
    assert!(agent.is_active && agent.identity_8004.is_none());
    assert!(agent.created_at.unix_seconds().unwrap().unsigned_abs().abs_diff(unix_now()) < 60);
    assert_eq!(rest.agents_of_wallet(wallet.address()).await.unwrap(), [agent]);
    assert!(rest.agent_stats(&me).await.unwrap().is_empty());

    let id = play_one(&sandbox, registered.api_key).await;
    let played = sandbox.matches().pop().unwrap();
    let mine = played.side_of("MyAgent").unwrap();
    assert_eq!(played.ended, Some(EndReason::Score));
    let won = played.winner == Some(mine);
    let profit = i64::try_from(*played.payouts.get(mine)).unwrap() - 10_000_000;

    // Statistics, ratings and the leaderboard tell the same story.
    let stats = rest.agent_stats(&me).await.unwrap();
    let [stats] = stats.as_slice() else { panic!("{stats:?}") };
    assert_eq!((&stats.game_type, stats.wins, stats.losses), (&GameType::Rps, won.into(), (!won).into()));
    assert_eq!(stats.total_profit_lamports, SignedLamports::from_lamports(profit));
    let changes = rest.elo_history(&me, GameType::Rps).send().await.unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((change.elo_before, change.elo_after, &change.match_id), (1_200, stats.elo, &id));
    assert_eq!(change.elo_delta, change.elo_after - change.elo_before);
    assert_eq!(change.elo_delta > 0, won);
    for period in [None, Some(Period::Weekly), Some(Period::Monthly)] {
        let mut board = rest.leaderboard(GameType::Rps).limit(100);
        if let Some(period) = period {
            board = board.period(period);
        }
        let board = board.send().await.unwrap();
        let place = board.iter().find(|place| place.agent_id == me).unwrap();
        assert_eq!((place.elo, place.wins, place.losses), (stats.elo, stats.wins, stats.losses));
        assert_eq!((place.agent_name.as_str(), &place.game_type), ("MyAgent", &GameType::Rps));
    }

    // The match, by every way to it.
    let history = rest.matches(&me).send().await.unwrap();
    let [record] = history.as_slice() else { panic!("{history:?}") };
    assert_eq!((&record.id, record.side_of(&me).unwrap() == Side::A), (&id, mine == SandboxSide::A));
    assert_eq!(record.server_seed.as_deref(), Some(played.server_seed.as_str()));
    assert_eq!(record.winner.as_ref() == Some(&me), won);
    let Match::Completed(found) = rest.match_by_id(&id).await.unwrap() else { panic!("it is over") };
    assert_eq!(&found, record);
    let replay = rest.replay(&id).await.unwrap();
    assert_eq!(replay.record.server_seed, None);
    assert_eq!(replay.record.agent_a_name.as_ref(), Some(&played.players.a.name));
    assert_eq!(replay.rounds.len(), played.rounds.len());
    assert_eq!(replay.moves.len(), 2 * played.rounds.len());
    for made in &replay.moves {
        let side = if made.agent_id == record.agent_a { SandboxSide::A } else { SandboxSide::B };
        let round = played.rounds.iter().find(|round| round.number == made.round).unwrap();
        assert_eq!(round.moves.get(side).as_ref().unwrap(), &value(made.move_data.as_str()));
    }
    let proof = rest.proof(&id).await.unwrap();
    assert_eq!(&proof.record, record);
    assert_eq!(proof.verification.server_seed, played.server_seed);
    assert_eq!(proof.verification.server_seed_hash, played.server_seed_hash);
    assert!(proof.verification.instructions.is_some());

    // What the agent did, and what it says of itself.
    let activity = rest.activity(&me).send().await.unwrap();
    let [entry] = activity.as_slice() else { panic!("{activity:?}") };
    assert_eq!(entry.activity_type == ActivityType::MatchWon, won);
    let about = value(entry.metadata.as_str());
    assert_eq!((&about["match_id"], &about["game_type"]), (&id.as_str().into(), &"rps".into()));
    assert_eq!(about["payout_lamports"], *played.payouts.get(mine));
    let update = ProfileUpdate::new().bio("I crush RPS bots for fun.").website("https://mybot.dev");
    let profile = rest.update_profile(&me, &update, &wallet).await.unwrap();
    assert_eq!(profile.bio.as_deref(), Some("I crush RPS bots for fun."));
    let asset = "So11111111111111111111111111111111111111112";
    rest.link_identity(&me, asset, &wallet).await.unwrap();
    let page = rest.profile(&me).await.unwrap();
    assert_eq!((page.profile, page.agent.identity_8004.as_deref()), (Some(profile), Some(asset)));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn others() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    let wallet = wallet();
    let me = rest.register("MyAgent", &wallet).await.unwrap().agent_id;

    let market = rest.marketplace().sort(MarketplaceSort::Profit).limit(3).send().await.unwrap();
    assert_eq!(market.len(), 3);
    let mut all = rest.marketplace().limit(2).stream();
    let mut names = Vec::new();
    while let Some(agent) = all.next().await {
        names.push(agent.unwrap().name);
    }
    names.sort_unstable();
    assert_eq!(names, ["Brook", "Glacier", "Granite", "Heron", "Moss", "MyAgent", "Pebble"]);
    let found = rest.marketplace().search("granite").game_type(GameType::Rps).send().await.unwrap();
    assert!(found.iter().all(|agent| agent.name == "Granite"));

    let star = market[0].agent_id.clone();
    rest.follow(&star, &me, &wallet).await.unwrap();
    let counts = rest.followers(&star).await.unwrap();
    assert_eq!((counts.followers, counts.following), (1, 0));
    assert_eq!(rest.followers(&me).await.unwrap().following, 1);
    let feed = rest.feed(&me).limit(100).send().await.unwrap();
    assert!(!feed.is_empty() && feed.iter().all(|entry| entry.agent_id == star));
    let mut paged = rest.feed(&me).limit(1).stream();
    for entry in &feed {
        assert_eq!(paged.next().await.unwrap().unwrap().id, entry.id);
    }
    assert!(paged.next().await.is_none());
    rest.unfollow(&star, &me, &wallet).await.unwrap();
    assert_eq!(rest.followers(&star).await.unwrap().followers, 0);

    let mut matches = rest.matches(&star).limit(2).stream();
    let mut seen = Vec::new();
    while let Some(record) = matches.next().await {
        seen.push(record.unwrap());
    }
    assert!(seen.len() > 2 && seen.is_sorted_by(|one, other| one.completed_at >= other.completed_at));
    assert_eq!(rest.matches(&star).offset(1).limit(1).send().await.unwrap(), seen[1..2]);

    let token = rest.auth_token(&wallet).await.unwrap();
    assert_eq!(token.expose().split('.').count(), 3);
    let open = rest.challenges().send().await.unwrap();
    let theirs = sandbox.challenges();
    assert!(!open.is_empty() && open.len() == theirs.len());
    for (open, known) in open.iter().zip(&theirs) {
        assert_eq!(
            (open.id.as_str(), open.creator_id.as_str()),
            (known.id.as_str(), known.creator_id.as_str())
        );
        assert_eq!(open.wager_lamports.as_lamports(), known.wager_lamports);
        assert!(open.created_at.unix_seconds().is_some());
    }
    sandbox.shutdown().await;
}

/// Queues, tells when a match begins, and never moves.
struct Waits {
    started: mpsc::Sender<GameStart>,
}

impl EventHandler for Waits {
    async fn on_connected(&self, bot: &Handle, _: botpit_sdk::Connected) {
        bot.join_queue(GameType::Rps, Lamports::from_lamports(10_000_000)).await.unwrap();
    }

    async fn on_game_start(&self, _: &Handle, start: GameStart) {
        self.started.send(start).await.unwrap();
    }

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_is_being_played_has_no_replay_yet() {
    let sandbox = slow_house().await;
    let rest = Rest::new(sandbox.url()).unwrap();
    let key = rest.register("MyAgent", &wallet()).await.unwrap().api_key;
    let (started, mut starts) = mpsc::channel(1);
    let client = Client::builder(key).url(sandbox.url()).build().unwrap();
    let running = tokio::spawn(async move { client.run(Waits { started }).await });
    let id = starts.recv().await.unwrap().match_id;

    let active = rest.active_matches().await.unwrap();
    let [listed] = active.as_slice() else { panic!("{active:?}") };
    assert_eq!((&listed.id, listed.round, listed.is_showcase), (&id, 1, false));
    assert_eq!((listed.wager_lamports, &listed.status), (Lamports::from_lamports(10_000_000), &None));
    let Match::Active(one) = rest.match_by_id(&id).await.unwrap() else { panic!("it is being played") };
    assert_eq!((one.id, one.status), (id.clone(), Some(MatchStatus::Active)));
    let stats = rest.stats().await.unwrap();
    assert_eq!((stats.active_matches, stats.connected_agents), (1, 1));
    for error in [rest.replay(&id).await.unwrap_err(), rest.proof(&id).await.unwrap_err()] {
        assert_eq!(error.status(), Some(404), "{error}");
    }
    // The seed is told by nothing before the end.
    assert!(rest.matches(&listed.agent_a).send().await.unwrap().iter().all(|record| record.id != id));
    running.abort();
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_ends_the_connection_that_used_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    let registered = rest.register("MyAgent", &wallet()).await.unwrap();
    let (started, mut starts) = mpsc::channel(1);
    let client = Client::builder(registered.api_key).url(sandbox.url()).build().unwrap();
    let running = tokio::spawn(async move { client.run(Waits { started }).await });
    starts.recv().await.unwrap();
    let key = rest.rotate_key(&registered.agent_id, &wallet()).await.unwrap();
    // It comes back with the old key, which is refused for good.
    let error = running.await.unwrap().unwrap_err();
    assert!(error.is_auth(), "{error}");
    play_one(&sandbox, key).await;
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_error_with_its_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    let mine = rest.register("MyAgent", &wallet()).await.unwrap().agent_id;
    let stranger = Wallet::from_seed(&[8; 32]);
    let error = rest.update_profile(&mine, &ProfileUpdate::new(), &stranger).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(401), ErrorKind::Rejected), "{error}");
    assert!(error.to_string().contains("does not own"), "{error}");
    let error = rest.agent(&"no/body ünd %2F".into()).await.unwrap_err();
    assert_eq!(error.status(), Some(404), "{error}");
    assert!(error.to_string().contains("agent not found"), "{error}");
    sandbox.shutdown().await;
}
