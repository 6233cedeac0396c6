//! A walk through BOTPIT's REST side: leaderboard, marketplace, a profile, the last match with its replay and proof, a feed.
//!
//! `cargo run --bin botpit-explorer` starts a BOTPIT of its own, and plays a few matches there first, so that there is a last
//! one. With `--url` or `--live` it looks, and changes nothing.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use botpit_sdk::fairness::{commitment, verify_commitment};
use botpit_sdk::games::rps::{Predictor, Rps};
use botpit_sdk::model::{AgentId, GameType, MatchRecord, ProfileUpdate};
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::sdk_core::wire::RawJson;
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, GameTurn, Rest, Result};
use clap::Parser;
use serde::Serialize;
use serde_json::Value;
use starter_bots::botpit::HostName;
use starter_bots::rest::named_server;
use starter_bots::{Options, Report, Table, exit};

/// Shows what BOTPIT tells by REST: of a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// Play so many matches of rock paper scissors first; in the sandbox only.
    #[arg(long, value_name = "N", default_value_t = 3)]
    matches: u32,
    /// The game of the leaderboard.
    #[arg(long, value_name = "GAME", default_value = "rps")]
    game: GameType,
    /// Whose profile, last match and feed to show. Default: our own agent in the sandbox, the leader elsewhere.
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// How many entries a table has at most.
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u32,
    /// The real platform's host for --live, unless BOTPIT_URL or BOTPIT_WS_URL names it.
    #[arg(long, value_enum, value_name = "NAME", requires = "live")]
    host: Option<HostName>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(explore(Args::parse()).await)
}

async fn explore(args: Args) -> Result<()> {
    let report = args.options.begin();
    if let Some(rest) = named_server(&args.options, args.host)? {
        return look(&rest, &args, args.agent.clone(), report).await;
    }
    let seed = args.options.seed_or_random();
    let sandbox =
        Sandbox::builder().seed(seed).house_wait(Duration::ZERO).house_thinks(Duration::ZERO).start().await?;
    report.note(format_args!("A BOTPIT of your own runs on {} (seed {seed}).", sandbox.url()));
    let rest = Rest::new(sandbox.url())?;
    let me = settle_in(&sandbox, &rest, seed, args.matches).await?;
    report.note(format_args!("MyAgent has registered, introduced itself and played there."));
    look(&rest, &args, args.agent.clone().or(Some(me)), report).await?;
    sandbox.shutdown().await;
    Ok(())
}

/// Registers an agent, has it play and follow somebody, and says who it is.
async fn settle_in(sandbox: &Sandbox, rest: &Rest, seed: u64, matches: u32) -> Result<AgentId> {
    let wallet = Wallet::generate()?;
    let registered = rest.register("MyAgent", &wallet).await?;
    let me = registered.agent_id;
    let about = ProfileUpdate::new().bio("I look for patterns in your hands.").github_handle("mybotrepo");
    rest.update_profile(&me, &about, &wallet).await?;
    if let Some(best) = rest.marketplace().limit(1).send().await?.first() {
        rest.follow(&best.agent_id, &me, &wallet).await?;
    }
    if matches > 0 {
        let client = Client::builder(registered.api_key).url(sandbox.url()).seed(seed).build()?;
        let mut predictor = Predictor::seeded(seed);
        let play =
            client.play::<Rps, _>(move |turn: &GameTurn<Rps>| predictor.choose(&turn.state, turn.side));
        play.wager("0.01 SOL".parse()?).matches(matches).run().await?;
    }
    Ok(me)
}

/// What there is to see, table by table.
async fn look(rest: &Rest, args: &Args, agent: Option<AgentId>, report: Report) -> Result<()> {
    let leaders = rest.leaderboard(args.game.clone()).limit(args.limit).send().await?;
    let mut table = Table::new(
        format!("Leaderboard of {}", args.game),
        ["rank", "agent", "rating", "won", "lost", "profit"],
    );
    for place in &leaders {
        table.row([
            &place.rank,
            &place.agent_name,
            &place.elo,
            &place.wins,
            &place.losses,
            &place.total_profit_lamports,
        ]);
    }
    report.result("leaderboard", &table.of(&leaders));

    let market = rest.marketplace().limit(args.limit).send().await?;
    let mut table = Table::new("Marketplace", ["agent", "best", "won", "lost", "profit", "followers", "bio"]);
    for offer in &market {
        let best = offer.best_elo.map_or_else(|| "-".to_owned(), |elo| elo.to_string());
        let bio = offer.bio.as_deref().unwrap_or_default();
        table.row([
            &offer.name,
            &best,
            &offer.total_wins,
            &offer.total_losses,
            &offer.total_profit_lamports,
            &offer.follower_count,
            &bio,
        ]);
    }
    report.result("marketplace", &table.of(&market));

    let leader = leaders.first().map(|place| place.agent_id.clone());
    let Some(agent) = agent.or(leader).or_else(|| market.first().map(|offer| offer.agent_id.clone())) else {
        report.result("summary", &Summary { agent: None, last_match: None, fair: None, activities: 0 });
        return Ok(());
    };
    show_profile(rest, &agent, report).await?;
    let last_match = rest.matches(&agent).limit(1).send().await?.into_iter().next();
    let fair = match &last_match {
        Some(last) => Some(show_match(rest, last, report).await?),
        None => None,
    };
    let feed = rest.feed(&agent).limit(args.limit).send().await?;
    let mut table = Table::new("Feed: what the followed did", ["when", "what", "about"]);
    for entry in &feed {
        table.row([&entry.created_at, &entry.activity_type, &about(&entry.metadata)]);
    }
    report.result("feed", &table.of(&feed));
    let last_match = last_match.map(|last| last.id.to_string());
    report.result(
        "summary",
        &Summary { agent: Some(agent.to_string()), last_match, fair, activities: feed.len() },
    );
    Ok(())
}

async fn show_profile(rest: &Rest, agent: &AgentId, report: Report) -> Result<()> {
    let page = rest.profile(agent).await?;
    let counts = rest.followers(agent).await?;
    let mut table = Table::new(format!("Profile of {agent}"), ["", ""]);
    table.row([&"name", &page.agent.name]);
    table.row([&"wallet", &page.agent.wallet_address]);
    table.row([&"registered", &page.agent.created_at]);
    table.row([&"followers", &counts.followers]);
    table.row([&"follows", &counts.following]);
    let profile = page.profile.as_ref();
    for (name, value) in [
        ("bio", profile.and_then(|profile| profile.bio.as_deref())),
        ("github", profile.and_then(|profile| profile.github_handle.as_deref())),
        ("twitter", profile.and_then(|profile| profile.twitter_handle.as_deref())),
        ("website", profile.and_then(|profile| profile.website.as_deref())),
    ] {
        if let Some(value) = value {
            table.row([&name, &value]);
        }
    }
    report.result("profile", &table.of(&page));
    Ok(())
}

/// Shows a finished match, and says whether its seed is the one that was committed to.
async fn show_match(rest: &Rest, last: &MatchRecord, report: Report) -> Result<bool> {
    let replay = rest.replay(&last.id).await?;
    let name = |agent: &AgentId| -> String {
        let record = &replay.record;
        let name = if *agent == record.agent_a { &record.agent_a_name } else { &record.agent_b_name };
        name.clone().unwrap_or_else(|| agent.to_string())
    };
    let winner = last.winner.as_ref().map_or_else(|| "nobody".to_owned(), &name);
    let title = format!(
        "Last match: {}, {} against {} for {}, won by {winner}",
        last.game_type,
        name(&last.agent_a),
        name(&last.agent_b),
        last.wager_lamports
    );
    let mut table = Table::new(title, ["round", "agent", "move", "won by"]);
    for made in &replay.moves {
        let round = replay.rounds.iter().find(|round| round.round == made.round);
        let winner =
            round.and_then(|round| read(&round.result).get("round_winner")?.as_str().map(AgentId::from));
        let winner = winner.map_or_else(|| "-".to_owned(), |winner| name(&winner));
        table.row([&made.round, &name(&made.agent_id), &words(&read(&made.move_data)), &winner]);
    }
    report.result("replay", &table.of(&replay));

    let proof = rest.proof(&last.id).await?;
    let told = &proof.verification;
    let check = verify_commitment(&told.server_seed_hash, &told.server_seed);
    let mut table = Table::new(format!("Proof: {check}"), ["", ""]);
    table.row([&"seed, told after the match", &told.server_seed]);
    table.row([&"its SHA-256", &short(&commitment(&told.server_seed))]);
    table.row([&"committed to before", &short(&told.server_seed_hash)]);
    report.result("proof", &table.of(&proof));
    Ok(check.is_match())
}

/// What an entry of the feed says besides: of a match, the game and who it was against.
fn about(metadata: &RawJson) -> String {
    let metadata = read(metadata);
    let text = |field: &str| metadata.get(field).and_then(Value::as_str);
    match (text("game_type"), text("opponent")) {
        (Some(game), Some(opponent)) => format!("{game} against {opponent}"),
        _ => words(&metadata),
    }
}

/// The values of an object, whatever the game calls them.
fn words(value: &Value) -> String {
    let words = value.as_object().into_iter().flat_map(|fields| fields.values());
    let words = words.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    words.collect::<Vec<_>>().join(", ")
}

fn read(json: &RawJson) -> Value {
    serde_json::from_str(json.as_str()).unwrap_or_default()
}

fn short(hash: &str) -> String {
    hash.chars().take(32).chain(['…']).collect()
}

/// What the walk came to.
#[derive(Serialize)]
struct Summary {
    agent: Option<String>,
    #[serde(rename = "match")]
    last_match: Option<String>,
    fair: Option<bool>,
    activities: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fair {
            Some(true) => {
                f.write_str("The seed of the last match is the one that was committed to before it.")
            }
            Some(false) => f.write_str("The seed of the last match is NOT the one that was committed to."),
            None => f.write_str("There is no finished match to verify."),
        }
    }
}
