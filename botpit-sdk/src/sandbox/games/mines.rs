//! Mines: best of 3, who reveals more tiles without a mine wins the round (spec: "Mines").
//!
//! The spec names the hashes and not how they become tiles. Here a mine is the first eight bytes, big-endian, modulo 25; n
//! counts from 0, and a tile that has a mine already is passed over. They are reported in ascending order. The order is a
//! Fisher-Yates shuffle from the end: for i from 24 down to 1, tile i changes places with the tile at the first four bytes,
//! big-endian, modulo i + 1. As many tiles of it are reported as the bolder side reveals.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{GameRules, HouseView, Moves, RoundSeed, Side, higher, whole};
use crate::sandbox::house::Strength;
use crate::sandbox::json::Object;

const GRID: usize = 25;
const MINES: usize = 5;
const MAX_TILES: u64 = 20;

#[derive(Debug)]
pub(super) struct Mines;

fn mines(from: RoundSeed<'_>) -> BTreeSet<u64> {
    let mut mines = BTreeSet::new();
    for n in 0.. {
        let [a, b, c, d, e, f, g, h, ..] = from.numbered_hash("mine", n);
        mines.insert(u64::from_be_bytes([a, b, c, d, e, f, g, h]) % GRID as u64);
        if mines.len() == MINES {
            break;
        }
    }
    mines
}

fn order(from: RoundSeed<'_>) -> Vec<u64> {
    let mut tiles: Vec<u64> = (0..GRID as u64).collect();
    for i in (1..GRID).rev() {
        let [a, b, c, d, ..] = from.numbered_hash("order", i);
        tiles.swap(i, u32::from_be_bytes([a, b, c, d]) as usize % (i + 1));
    }
    tiles
}

fn tiles(move_data: &Value) -> Result<u64, String> {
    whole(move_data, "tiles", 1..=MAX_TILES)
}

impl GameRules for Mines {
    fn game_type(&self) -> &'static str {
        "mines"
    }

    fn rounds_to_win(&self) -> u32 {
        2
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn state(&self, _from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state.with("grid_size", GRID).with("num_mines", MINES).with("max_tiles", MAX_TILES)
    }

    fn check(&self, _side: Side, move_data: &Value) -> Result<(), String> {
        tiles(move_data).map(drop)
    }

    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>) {
        let (mines, mut order) = (mines(from), order(from));
        let before_mine = order.iter().take_while(|tile| !mines.contains(tile)).count() as u64;
        let chosen = [&moves.a, &moves.b].map(|data| data.as_ref().and_then(|data| tiles(data).ok()));
        let most = chosen.iter().flatten().max().copied().unwrap_or(0);
        order.truncate(most as usize);
        let [safe_a, safe_b] = chosen.map(|tiles| tiles.map(|tiles| tiles.min(before_mine)));
        let [busted_a, busted_b] = chosen.map(|tiles| tiles.map(|tiles| tiles > before_mine));
        let [a, b] = chosen.map(|tiles| tiles.filter(|tiles| *tiles <= before_mine));
        let [tiles_a, tiles_b] = chosen;
        let result = result
            .with("tiles_a", tiles_a)
            .with("tiles_b", tiles_b)
            .with("safe_a", safe_a)
            .with("safe_b", safe_b)
            .with("busted_a", busted_a)
            .with("busted_b", busted_b)
            .with("mine_positions", mines)
            .with("reveal_order", order);
        (result, higher(&a, &b))
    }

    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value {
        let tiles = match view.strength {
            // It survives one round in forty.
            Strength::Novice => 12,
            Strength::Regular => rng.u64(1..=15),
            Strength::Expert => balanced(rng.f64()),
        };
        json!({ "tiles": tiles })
    }
}

/// The odds that none of the first `tiles` has a mine.
fn survival(tiles: u64) -> f64 {
    let (safe, all) = ((GRID - MINES) as f64, GRID as f64);
    (0..tiles).map(|gone| (safe - gone as f64) / (all - gone as f64)).product()
}

/// How many tiles to reveal, from a number that is even in 0..1.
///
/// Both sides meet the same mines in the same order, so this is crash with steps: the odds of survival are drawn as the
/// equilibrium of crash draws them, and the number of tiles that comes next to them is taken.
fn balanced(even: f64) -> u64 {
    let wanted = survival(1) / (2.0 - even).powi(2);
    let off = |tiles: u64| (survival(tiles) - wanted).abs();
    (1..=MAX_TILES).min_by(|one, other| off(*one).total_cmp(&off(*other))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    #[test]
    fn the_layout_is_five_mines_and_the_order_has_every_tile_once() {
        for round in 1..200 {
            let from = RoundSeed { seed: "f9e8d7c6", round };
            let mines = mines(from);
            assert_eq!(mines.len(), MINES);
            assert!(mines.iter().all(|mine| *mine < 25));
            let mut order = order(from);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..25));
        }
    }

    #[test]
    fn layout_and_order_are_as_documented() {
        // Computed with a program in another language from the rules above.
        for (round, layout, beginning) in [
            (1, [1, 10, 11, 17, 24], [5, 14, 21, 22, 2, 24]),
            (2, [8, 9, 13, 17, 19], [18, 23, 0, 21, 14, 1]),
            (3, [1, 10, 17, 18, 24], [14, 2, 21, 22, 8, 15]),
        ] {
            let from = RoundSeed { seed: "f9e8d7c6", round };
            assert!(mines(from).into_iter().eq(layout), "round {round}");
            assert_eq!(order(from)[..6], beginning, "round {round}");
        }
    }

    #[test]
    fn more_tiles_without_a_mine_win() {
        let from = RoundSeed { seed: "f9e8d7c6", round: 1 };
        let (layout, whole_order) = (mines(from), order(from));
        let before = whole_order.iter().take_while(|tile| !layout.contains(tile)).count() as u64;
        // This round begins with safe tiles, so that both ends of the rule can be seen.
        assert!((2..20).contains(&before), "{before}");
        for (a, b, winner) in [
            (before, before - 1, Some(Side::A)),
            (before - 1, before, Some(Side::B)),
            (before + 1, 1, Some(Side::B)),
            (1, 20, Some(Side::A)),
            (before, before, None),
            (before + 1, 20, None),
        ] {
            let moves = Pair { a: Some(json!({ "tiles": a })), b: Some(json!({ "tiles": b })) };
            let (result, by_rules) = Mines.resolve(from, &moves, Object::new());
            let result: Value = serde_json::from_str(&result.text()).unwrap();
            assert_eq!(by_rules, winner, "{a}, {b}");
            assert_eq!(result["safe_a"], a.min(before));
            assert_eq!(result["busted_b"], b > before);
            assert_eq!(result["mine_positions"], json!(layout));
            assert_eq!(result["reveal_order"], json!(&whole_order[..a.max(b) as usize]));
        }
    }

    #[test]
    fn a_refused_move_names_the_range() {
        for wrong in [json!(0), json!(21), json!(-1), json!(1.5), json!("3"), json!([0, 24])] {
            let message = Mines.check(Side::B, &json!({ "tiles": wrong })).unwrap_err();
            assert_eq!(message, r#"a move is {"tiles": n} with a whole number n from 1 to 20"#);
        }
    }

    #[test]
    fn the_expert_dares_up_to_six_tiles() {
        let seen: BTreeSet<u64> = (0..1_000).map(|n| balanced(f64::from(n) / 1_000.0)).collect();
        assert!(seen.into_iter().eq(1..=6));
    }
}
