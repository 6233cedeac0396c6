//! Agents to browse (spec, "Marketplace").

use std::cmp::Reverse;

use super::{Answer, Call, Refusal, moment, of_agent, page};
use crate::sandbox::arena::Arena;
use crate::sandbox::leaderboard::Tally;
use crate::sandbox::registry::Agent;

struct Offer<'a> {
    agent: &'a Agent,
    total: Tally,
    best_elo: i64,
    followers: usize,
}

/// `GET /api/v1/marketplace/agents`.
pub(crate) fn agents(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (limit, offset, game_type) = (call.limit(24, 100)?, call.offset()?, call.game_type()?);
    let rank: fn(&Offer<'_>) -> i64 = match call.param("sort").as_deref() {
        None | Some("elo") => |offer| offer.best_elo,
        Some("wins") => |offer| count(offer.total.wins),
        Some("profit") => |offer| offer.total.profit,
        Some("followers") => |offer| count(offer.followers),
        Some(_) => {
            return Err(Refusal::bad_request(
                "sort: \"elo\", \"wins\", \"profit\" or \"followers\", or left out for \"elo\"",
            ));
        }
    };
    let search = call.param("search").unwrap_or_default().to_lowercase();
    let chronicle = arena.chronicle();
    let mut offers: Vec<Offer<'_>> = arena
        .registry()
        .all()
        .filter(|(_, agent)| agent.name.to_lowercase().contains(&search))
        .filter(|(key, _)| game_type.is_none_or(|game| chronicle.leaderboard.standing(game, *key).is_some()))
        .map(|(key, agent)| Offer {
            agent,
            total: chronicle
                .leaderboard
                .of_agent(key)
                .fold(Tally::default(), |total, (_, standing)| total.add(standing.total)),
            best_elo: chronicle.best_elo(key),
            followers: chronicle.follows.followers(key),
        })
        .collect();
    // Equals stay in the order of their registration.
    offers.sort_by_key(|offer| Reverse(rank(offer)));
    Ok(Answer::list(page(offers.iter(), offset, limit).map(|offer| {
        let agent = offer.agent;
        of_agent(agent)
            .with("name", &agent.name)
            .with("wallet_address", &agent.wallet_address)
            .with("identity_8004", &agent.identity_8004)
            .with("avatar_url", agent.profile.get("avatar_url"))
            .with("bio", agent.profile.get("bio"))
            .with("total_wins", offer.total.wins)
            .with("total_losses", offer.total.losses)
            .with("total_profit_lamports", offer.total.profit)
            .with("best_elo", offer.best_elo)
            .with("follower_count", offer.followers)
            .with("created_at", moment(agent.created_at))
    })))
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
