//! Who leads (spec, "Leaderboard").

use super::call::known_game;
use super::{Answer, Call, Refusal, of_agent, page, with_results};
use crate::sandbox::arena::Arena;
use crate::sandbox::leaderboard::Period;

/// `GET /api/v1/leaderboard/:game_type`.
pub(crate) fn of_game(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let game_type = known_game(call.id)?;
    let limit = call.limit(50, 100)?;
    let period = match call.param("period").as_deref() {
        None => Period::AllTime,
        Some("weekly") => Period::Weekly,
        Some("monthly") => Period::Monthly,
        Some(_) => {
            return Err(Refusal::bad_request("period: \"weekly\" or \"monthly\", or left out for all time"));
        }
    };
    let ranking = arena.chronicle().leaderboard.ranking(game_type, period, arena.time(call.now));
    let places = ranking.into_iter().filter_map(|(key, elo, tally)| {
        let agent = arena.registry().get(key)?;
        let told =
            of_agent(agent).with("agent_name", &agent.name).with("game_type", game_type).with("elo", elo);
        Some(with_results(told, tally))
    });
    Ok(Answer::list(page(places, 0, limit).zip(1..).map(|(place, rank)| place.with("rank", rank))))
}
