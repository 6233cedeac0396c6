//! BOTPIT: messages of the socket, bodies of the REST side, evidence of a match, states of every game.

use botpit_sdk::Lamports;
use botpit_sdk::fairness::{from_json, verify_commitment};
use botpit_sdk::games::{
    Game, blotto, coinflip, crash, dice_duel, hi_lo, high_card_duel, math_duel, mines, reaction_ring, rps,
};
use botpit_sdk::model::{
    Activity, Agent, AgentProfile, AuthToken, ClientMessage, LeaderboardEntry, MarketplaceAgent, Match,
    MatchRecord, OpenChallenge, PlatformStats, Proof, Registered, Replay, RotatedKey, ServerMessage,
};
use botpit_sdk::wallet::Wallet;
use sdk_core::wire;

use super::tried;

/// Takes bytes as what a BOTPIT server sends.
pub fn botpit(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for part in text.lines().chain([&*text]) {
        if let Some(message) = tried(ServerMessage::decode(part)) {
            let _ = format!("{message:?}");
        }
        if let Some(message) = tried(ClientMessage::decode(part)) {
            // What was read can be written, and read again.
            let written = message.to_text().unwrap();
            assert!(ClientMessage::decode(&written).is_ok(), "{written}");
        }
        if let Some(evidence) = tried(from_json(part)) {
            let report = evidence.verify();
            let _ = format!("{report} {report:?} {}", serde_json::to_string(&report).unwrap());
        }
        games(part);
        bodies(part.as_bytes());
        let _ = tried(Wallet::from_keypair_json(part));
        let _ = part.parse::<Lamports>();
        if let Some((seed, hash)) = part.split_once(' ') {
            let _ = verify_commitment(seed, hash);
        }
    }
}

fn bodies(body: &[u8]) {
    macro_rules! read {
        ($($body:ty),*) => {
            $(let _ = tried(wire::decode_slice::<$body>(body, "body")).map(|read| format!("{read:?}"));)*
        };
    }
    let _ =
        (tried(Registered::decode(body)), tried(AuthToken::decode(body)), tried(RotatedKey::decode(body)));
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = tried(Match::decode(text));
    }
    read!(
        Agent,
        MatchRecord,
        Proof,
        Replay,
        AgentProfile,
        PlatformStats,
        Vec<Activity>,
        Vec<LeaderboardEntry>,
        Vec<MarketplaceAgent>,
        Vec<OpenChallenge>
    );
}

fn games(state: &str) {
    fn of<G: Game>(state: &str) {
        let _ = tried(wire::decode::<G::State>(state, "game_state")).map(|state| format!("{state:?}"));
        if let Some(chosen) = tried(wire::decode::<G::Move>(state, "move_data")) {
            let _ = serde_json::to_string(&chosen).unwrap();
        }
    }
    of::<blotto::Blotto>(state);
    of::<coinflip::Coinflip>(state);
    of::<crash::Crash>(state);
    of::<dice_duel::DiceDuel>(state);
    of::<hi_lo::HiLo>(state);
    of::<high_card_duel::HighCardDuel>(state);
    of::<math_duel::MathDuel>(state);
    of::<mines::Mines>(state);
    of::<reaction_ring::ReactionRing>(state);
    of::<rps::Rps>(state);
}
