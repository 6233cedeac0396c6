//! Matches among house agents that are over before anybody comes, so that leaderboards, feeds and replays are not empty.
//!
//! They are played by the very same rules as every other match, and are spread over the forty days before the sandbox's start:
//! what a leaderboard tells depends on its period.

use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;
use sdk_core::sandbox::Seed;

use super::games::{self, KNOWN, Pair, Side};
use super::match_state::Match;
use super::records::{SandboxMatch, SandboxPlayer};
use super::registry::{AgentKey, Registry};
use super::seeds;
use super::settings::Settings;

/// How long before the sandbox's start house agents were registered.
pub(crate) const HOUSE_AGE: Duration = Duration::from_secs(60 * 86_400);

/// Hours before the start of the oldest match, and hours between one match and the next: one of each game in the past
/// month and before, one in the past week.
const ROUNDS_OF_GAMES: [(u64, u64); 2] = [(40 * 24, 80), (6 * 24, 14)];

/// How long a round took.
const ROUND: Duration = Duration::from_secs(2);

/// The most rounds of a match: two who play alike tie for ever in some games, and nobody would look at that.
const MAX_ROUNDS: u32 = 12;

/// The wagers, in lamports: 0.005, 0.01, 0.05 and 0.2 SOL.
const WAGERS: [u64; 4] = [5_000_000, 10_000_000, 50_000_000, 200_000_000];

/// Finished matches of every game, oldest first. None when there are no two house agents.
pub(crate) fn play(
    registry: &Registry,
    settings: &Settings,
    seed: u64,
    (now, system_now): (Instant, SystemTime),
) -> Vec<Match> {
    let mut rng = Seed(seed).stream("showcase");
    let settings = &Settings { max_rounds: settings.max_rounds.min(MAX_ROUNDS), ..settings.clone() };
    let mut matches = Vec::new();
    for (oldest, between) in ROUNDS_OF_GAMES {
        for (game_type, number) in KNOWN.into_iter().zip(0..) {
            let age = Duration::from_secs((oldest - between * number) * 3_600);
            let began = system_now.checked_sub(age).unwrap_or(system_now);
            let table = Table { game_type, registry, settings, began, now };
            matches.extend(table.play(&mut rng));
        }
    }
    matches
}

struct Table<'a> {
    game_type: &'static str,
    registry: &'a Registry,
    settings: &'a Settings,
    began: SystemTime,
    now: Instant,
}

impl Table<'_> {
    fn play(&self, rng: &mut fastrand::Rng) -> Option<Match> {
        let (first, second) = self.registry.pick_two_of_house(rng)?;
        let players = Pair { a: first, b: second };
        let (server_seed, server_seed_hash) = seeds::server_seed(rng);
        let record = SandboxMatch {
            id: seeds::uuid(rng),
            game_type: self.game_type.to_owned(),
            players: Pair { a: self.player(first)?, b: self.player(second)? },
            wager_lamports: rng.choice(WAGERS)?,
            is_free_play: false,
            server_seed,
            server_seed_hash,
            rounds: Vec::new(),
            score: Pair::default(),
            moves_received: Vec::new(),
            moves_after_end: 0,
            ended: None,
            winner: None,
            payouts: Pair::default(),
            fee_lamports: 0,
            created_at: self.began,
            completed_at: None,
        };
        let mut table = Match::new(0, players, record, games::rules_of(self.game_type)?, rng.fork());
        let mut at = self.began;
        loop {
            table.open_turn(self.now);
            at += ROUND;
            for side in Side::BOTH {
                let strength = self.registry.get(*players.get(side))?.house?;
                let move_data = table.house_move(side, strength);
                table.play(side, move_data, at).ok()?;
            }
            if let Some(ending) = table.resolve(self.settings)?.ending {
                table.settle(ending, self.settings);
                table.record.completed_at = Some(at);
                return Some(table);
            }
        }
    }

    fn player(&self, agent: AgentKey) -> Option<SandboxPlayer> {
        let known = self.registry.get(agent)?;
        Some(SandboxPlayer { agent_id: known.id.clone(), name: known.name.clone(), is_house: true })
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn showcase(settings: &Settings, seed: u64) -> Vec<Match> {
        let start = UNIX_EPOCH + Duration::from_secs(1_709_500_000);
        let registry = Registry::new(&settings.house, &mut fastrand::Rng::with_seed(1), start);
        play(&registry, settings, seed, (Instant::now(), start))
    }

    #[test]
    fn every_game_is_shown_and_the_seed_repeats_it() {
        let matches = showcase(&Settings::default(), 7);
        assert_eq!(matches.len(), 2 * KNOWN.len());
        for over in &matches {
            let record = &over.record;
            assert!(record.ended.is_some() && record.players.a != record.players.b, "{}", record.game_type);
            assert_eq!(over.moves.len(), 2 * record.rounds.len(), "{}", record.game_type);
            let paid = record.payouts.a + record.payouts.b + record.fee_lamports;
            assert_eq!(paid, 2 * record.wager_lamports, "{}", record.game_type);
        }
        assert!(matches.is_sorted_by_key(|over| over.record.completed_at));
        let records = |matches: Vec<Match>| -> Vec<SandboxMatch> {
            matches.into_iter().map(|over| over.record).collect()
        };
        let again = records(showcase(&Settings::default(), 7));
        assert_eq!(records(matches), again);
        assert_ne!(records(showcase(&Settings::default(), 8)), again);
    }

    #[test]
    fn nobody_plays_without_a_house() {
        assert!(showcase(&Settings { house: Vec::new(), ..Settings::default() }, 7).is_empty());
    }
}
