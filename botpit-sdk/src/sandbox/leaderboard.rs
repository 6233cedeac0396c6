//! Who stands where: ratings, results and profit of every agent in every game.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use super::elo::{self, Went};
use super::games::{KNOWN, Pair, Side};
use super::registry::AgentKey;
use super::timestamp::unix_seconds;

/// At most this many changes of a rating are remembered of an agent in a game: as many as can be asked for.
pub(crate) const MAX_CHANGES: usize = 500;

/// The longest period: older results are in the totals only.
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// The span of a leaderboard (spec: `period`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// The last seven days, to the hour.
    Weekly,
    /// The last thirty days, to the hour.
    Monthly,
    AllTime,
}

/// Results counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) wins: u64,
    pub(crate) losses: u64,
    /// Negative for a loss. A sum beyond `i64` stays at its end: no wallet could hold that.
    pub(crate) profit: i64,
}

impl Tally {
    fn count(&mut self, went: Went, profit: i64) {
        self.wins += u64::from(went == Went::Won);
        self.losses += u64::from(went == Went::Lost);
        self.profit = self.profit.saturating_add(profit);
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self {
            wins: self.wins + other.wins,
            losses: self.losses + other.losses,
            profit: self.profit.saturating_add(other.profit),
        }
    }
}

/// What one match did to a rating.
#[derive(Debug, Clone)]
pub(crate) struct EloChange {
    pub(crate) id: String,
    pub(crate) match_id: String,
    pub(crate) before: i64,
    pub(crate) after: i64,
    pub(crate) at: SystemTime,
}

/// How an agent fares in one game.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) elo: i64,
    pub(crate) total: Tally,
    /// Results by the hour since 1970, as far back as a month.
    hours: BTreeMap<u64, Tally>,
    /// Oldest first.
    pub(crate) changes: VecDeque<EloChange>,
}

impl Standing {
    fn new() -> Self {
        Self { elo: elo::START, total: Tally::default(), hours: BTreeMap::new(), changes: VecDeque::new() }
    }

    /// The results of a period. `None` when there was no match in it.
    fn within(&self, period: Period, now: SystemTime) -> Option<Tally> {
        let span = match period {
            Period::AllTime => return Some(self.total),
            Period::Weekly => Duration::from_secs(7 * 86_400),
            Period::Monthly => MONTH,
        };
        self.hours.range(first_hour(now, span)..).map(|(_, tally)| *tally).reduce(Tally::add)
    }

    fn count(&mut self, went: Went, profit: i64, at: SystemTime) {
        self.total.count(went, profit);
        self.hours.entry(unix_seconds(at) / 3_600).or_default().count(went, profit);
        while self.hours.first_key_value().is_some_and(|(hour, _)| *hour < first_hour(at, MONTH)) {
            self.hours.pop_first();
        }
    }
}

fn first_hour(now: SystemTime, span: Duration) -> u64 {
    unix_seconds(now).saturating_sub(span.as_secs()) / 3_600
}

/// A match as the leaderboard sees it.
#[derive(Debug)]
pub(crate) struct Result<'a> {
    pub(crate) match_id: &'a str,
    pub(crate) game_type: &'a str,
    pub(crate) players: Pair<AgentKey>,
    pub(crate) winner: Option<Side>,
    pub(crate) profits: Pair<i64>,
    pub(crate) at: SystemTime,
    /// Ids for the entries of the rating histories.
    pub(crate) change_ids: Pair<String>,
}

/// Every agent's standing in every game that it has played.
#[derive(Debug, Default)]
pub(crate) struct Leaderboard {
    games: BTreeMap<String, BTreeMap<AgentKey, Standing>>,
}

impl Leaderboard {
    /// Takes the result of a match.
    pub(crate) fn settle(&mut self, result: Result<'_>) {
        let Result { match_id, game_type, players, winner, profits, at, change_ids } = result;
        let game = self.games.entry(game_type.to_owned()).or_default();
        let rating = |agent: AgentKey| game.get(&agent).map_or(elo::START, |standing| standing.elo);
        let before = Pair { a: rating(players.a), b: rating(players.b) };
        for (side, id) in [(Side::A, change_ids.a), (Side::B, change_ids.b)] {
            let went = match winner {
                None => Went::Drawn,
                Some(winner) if winner == side => Went::Won,
                Some(_) => Went::Lost,
            };
            let (mine, theirs) = (*before.get(side), *before.get(side.other()));
            let standing = game.entry(*players.get(side)).or_insert_with(Standing::new);
            standing.count(went, *profits.get(side), at);
            standing.elo = mine + elo::gain(mine, theirs, went);
            if standing.changes.len() == MAX_CHANGES {
                standing.changes.pop_front();
            }
            let change =
                EloChange { id, match_id: match_id.to_owned(), before: mine, after: standing.elo, at };
            standing.changes.push_back(change);
        }
    }

    pub(crate) fn standing(&self, game_type: &str, agent: AgentKey) -> Option<&Standing> {
        self.games.get(game_type)?.get(&agent)
    }

    /// An agent's standings in the games that it has played, in the order of the spec.
    pub(crate) fn of_agent(&self, agent: AgentKey) -> impl Iterator<Item = (&'static str, &Standing)> {
        KNOWN.into_iter().filter_map(move |game_type| Some((game_type, self.standing(game_type, agent)?)))
    }

    /// Who played a game in a period, the highest rating first; of equal ratings the one with more won matches, then the
    /// one that has been registered for longer. Results are of the period, ratings of today.
    pub(crate) fn ranking(
        &self,
        game_type: &str,
        period: Period,
        now: SystemTime,
    ) -> Vec<(AgentKey, i64, Tally)> {
        let mut ranking: Vec<(AgentKey, i64, Tally)> = self
            .games
            .get(game_type)
            .into_iter()
            .flatten()
            .filter_map(|(agent, standing)| Some((*agent, standing.elo, standing.within(period, now)?)))
            .collect();
        ranking.sort_by_key(|(agent, elo, tally)| {
            (std::cmp::Reverse(*elo), std::cmp::Reverse(tally.wins), *agent)
        });
        ranking
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const DAY: u64 = 86_400;

    fn at(days: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(100 * DAY) + Duration::from_secs(days * DAY)
    }

    fn settle(board: &mut Leaderboard, winner: Option<Side>, (a, b): (usize, usize), day: u64) {
        board.settle(Result {
            match_id: "m",
            game_type: "rps",
            players: Pair { a: AgentKey::new(a), b: AgentKey::new(b) },
            winner,
            profits: match winner {
                None => Pair { a: 0, b: 0 },
                Some(Side::A) => Pair { a: 9, b: -10 },
                Some(Side::B) => Pair { a: -10, b: 9 },
            },
            at: at(day),
            change_ids: Pair { a: "x".into(), b: "y".into() },
        });
    }

    #[test]
    fn a_period_counts_its_own_results_and_rates_by_all() {
        let mut board = Leaderboard::default();
        settle(&mut board, Some(Side::A), (1, 2), 0);
        settle(&mut board, Some(Side::A), (3, 1), 20);
        settle(&mut board, None, (3, 4), 39);
        let keys = |period| -> Vec<(usize, u64, i64)> {
            let ranking = board.ranking("rps", period, at(40));
            ranking
                .iter()
                .map(|(agent, _, tally)| {
                    ((1..=4).find(|n| AgentKey::new(*n) == *agent).unwrap(), tally.wins, tally.profit)
                })
                .collect()
        };
        // 3 won 17 points against 1 (1216) and lost one in the draw with 4 (1200, to whom it was worth one).
        assert_eq!(keys(Period::AllTime), [(3, 1, 9), (4, 0, 0), (1, 1, -1), (2, 0, -10)]);
        assert_eq!(keys(Period::Monthly), [(3, 1, 9), (4, 0, 0), (1, 0, -10)]);
        assert_eq!(keys(Period::Weekly), [(3, 0, 0), (4, 0, 0)], "a draw is a match");
        let one = board.standing("rps", AgentKey::new(1)).unwrap();
        let steps: Vec<(i64, i64)> = one.changes.iter().map(|change| (change.before, change.after)).collect();
        assert_eq!(steps, [(1_200, 1_216), (1_216, 1_199)]);
        assert!(board.ranking("coinflip", Period::AllTime, at(40)).is_empty());
        assert!(board.standing("rps", AgentKey::new(9)).is_none());
    }

    #[test]
    fn a_long_life_takes_no_more_room() {
        let mut board = Leaderboard::default();
        for day in 0..600 {
            settle(&mut board, Some(Side::A), (1, 2), day);
        }
        let one = board.standing("rps", AgentKey::new(1)).unwrap();
        assert_eq!((one.changes.len(), one.total.wins), (MAX_CHANGES, 600));
        assert!(one.hours.len() <= 31, "{}", one.hours.len());
        assert_eq!(one.within(Period::Weekly, at(599)).unwrap().wins, 8, "both ends of the week count");
    }
}
