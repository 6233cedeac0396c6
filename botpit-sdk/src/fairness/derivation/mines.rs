//! The layout of the mines, and the order in which tiles are revealed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::numbered_hash;

/// How many tiles the grid has.
const GRID: u8 = 25;

/// How many of them are mines.
const MINES: usize = 5;

/// At most this many hashes are looked at for five different tiles. 26 would do for `Collision::Next`; with
/// `Collision::Skip` the odds that 64 do not are far below one in 2^128.
const MAX_DRAWS: u32 = 64;

/// How a hash becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The first byte.
    U8,
    /// The first two bytes, the first counts most.
    U16Be,
    /// The first two bytes, the first counts least.
    U16Le,
    /// The first four bytes, the first counts most.
    U32Be,
    /// The first four bytes, the first counts least.
    U32Le,
    /// The first eight bytes, the first counts most.
    U64Be,
    /// The first eight bytes, the first counts least.
    U64Le,
}

impl Reduction {
    /// All seven.
    pub const ALL: [Self; 7] =
        [Self::U8, Self::U16Be, Self::U16Le, Self::U32Be, Self::U32Le, Self::U64Be, Self::U64Le];

    /// The number that a hash's first eight bytes stand for.
    fn of(self, [a, b, c, d, e, f, g, h]: [u8; 8]) -> u64 {
        match self {
            Self::U8 => a.into(),
            Self::U16Be => u16::from_be_bytes([a, b]).into(),
            Self::U16Le => u16::from_le_bytes([a, b]).into(),
            Self::U32Be => u32::from_be_bytes([a, b, c, d]).into(),
            Self::U32Le => u32::from_le_bytes([a, b, c, d]).into(),
            Self::U64Be => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            Self::U64Le => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        }
    }

    fn below(self, bytes: [u8; 8], bound: u8) -> u8 {
        u8::try_from(self.of(bytes) % u64::from(bound.max(1))).unwrap_or(0)
    }
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::U8 => "u8",
            Self::U16Be => "u16 big-endian",
            Self::U16Le => "u16 little-endian",
            Self::U32Be => "u32 big-endian",
            Self::U32Le => "u32 little-endian",
            Self::U64Be => "u64 big-endian",
            Self::U64Le => "u64 little-endian",
        })
    }
}

/// What happens when a tile has a mine already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collision {
    /// The hash is passed over, and the next one is taken.
    Skip,
    /// The mine goes to the next tile that is free.
    Next,
}

/// How the formula of the layout may be meant: `:mine:{round}:{n}` "-> positions" names the hashes and not how they become
/// tiles. Here a hash's number modulo 25 is a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayoutReading {
    /// The first `n`: 0 or 1.
    pub first: u8,
    /// How a hash becomes a number.
    pub reduction: Reduction,
    /// What happens when a tile has a mine already.
    pub collision: Collision,
}

impl LayoutReading {
    /// All 28.
    pub fn all() -> impl Iterator<Item = Self> {
        Reduction::ALL.into_iter().flat_map(|reduction| {
            [Collision::Skip, Collision::Next].into_iter().flat_map(move |collision| {
                [0, 1].into_iter().map(move |first| Self { first, reduction, collision })
            })
        })
    }

    fn of(self, hashes: &mut Hashes<'_>) -> TileSet {
        let mut mines = TileSet::default();
        for n in u32::from(self.first)..MAX_DRAWS {
            let mut tile = self.reduction.below(hashes.mine(n), GRID);
            if self.collision == Collision::Next {
                while mines.has(tile) {
                    tile = (tile + 1) % GRID;
                }
            }
            mines.insert(tile);
            if mines.len() == MINES {
                break;
            }
        }
        mines
    }
}

impl fmt::Display for LayoutReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let collision = match self.collision {
            Collision::Skip => "taken tiles passed over",
            Collision::Next => "taken tiles give way to the next",
        };
        write!(f, "{} from n = {}, {collision}", self.reduction, self.first)
    }
}

/// Which shuffle it is. All begin with the tiles 0 to 24 in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shuffle {
    /// Fisher-Yates from the end: for i from 24 to 1, tile i changes places with one of 0 to i.
    Down,
    /// Fisher-Yates from the start: for i from 0 to 23, tile i changes places with one of i to 24.
    Up,
    /// Inside out: for i from 1 to 24, tile i changes places with one of 0 to i.
    InsideOut,
}

/// What stands for `i` in the hash's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// The shuffle's own `i`.
    Index,
    /// The number of the step, from 0.
    StepsFromZero,
    /// The number of the step, from 1.
    StepsFromOne,
}

/// How the formula of the order may be meant: `:order:{round}:{i}` "-> shuffle" names the hashes and not the shuffle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderReading {
    /// Which shuffle it is.
    pub shuffle: Shuffle,
    /// What stands for `i`.
    pub counting: Counting,
    /// How a hash becomes a number.
    pub reduction: Reduction,
}

impl OrderReading {
    /// All 49. A shuffle that goes up counts its steps with its own `i` already, from 0 or from 1.
    pub fn all() -> impl Iterator<Item = Self> {
        use Counting::{Index, StepsFromOne, StepsFromZero};
        use Shuffle::{Down, InsideOut, Up};
        let kinds = [
            (Down, Index),
            (Down, StepsFromZero),
            (Down, StepsFromOne),
            (Up, Index),
            (Up, StepsFromOne),
            (InsideOut, Index),
            (InsideOut, StepsFromZero),
        ];
        kinds.into_iter().flat_map(|(shuffle, counting)| {
            Reduction::ALL.into_iter().map(move |reduction| Self { shuffle, counting, reduction })
        })
    }

    fn of(self, hashes: &mut Hashes<'_>) -> [u8; 25] {
        let mut tiles: [u8; 25] = std::array::from_fn(|tile| u8::try_from(tile).unwrap_or(0));
        for step in 0..GRID - 1 {
            let index = match self.shuffle {
                Shuffle::Down => GRID - 1 - step,
                Shuffle::Up => step,
                Shuffle::InsideOut => step + 1,
            };
            let label = match self.counting {
                Counting::Index => index,
                Counting::StepsFromZero => step,
                Counting::StepsFromOne => step + 1,
            };
            let bytes = hashes.order(label);
            let other = match self.shuffle {
                Shuffle::Down | Shuffle::InsideOut => self.reduction.below(bytes, index + 1),
                Shuffle::Up => index + self.reduction.below(bytes, GRID - index),
            };
            tiles.swap(index.into(), other.into());
        }
        tiles
    }
}

impl fmt::Display for OrderReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shuffle = match self.shuffle {
            Shuffle::Down => "Fisher-Yates from the end",
            Shuffle::Up => "Fisher-Yates from the start",
            Shuffle::InsideOut => "Fisher-Yates inside out",
        };
        let counting = match self.counting {
            Counting::Index => "i the index",
            Counting::StepsFromZero => "i the step from 0",
            Counting::StepsFromOne => "i the step from 1",
        };
        write!(f, "{shuffle}, {counting}, {}", self.reduction)
    }
}

/// Where the mines are, in ascending order: tiles from 0 to 24.
pub fn mine_positions(server_seed: &str, round: u32, reading: LayoutReading) -> Vec<u8> {
    reading.of(&mut Hashes::new(server_seed, round)).iter().collect()
}

/// In which order the tiles are revealed, all 25 of them.
pub fn reveal_order(server_seed: &str, round: u32, reading: OrderReading) -> [u8; 25] {
    reading.of(&mut Hashes::new(server_seed, round))
}

/// The readings among some that give this layout. The order of the tiles does not matter.
pub(in super::super) fn fitting_layouts(
    hashes: &mut Hashes<'_>,
    among: impl Iterator<Item = LayoutReading>,
    told: &[u8],
) -> Vec<LayoutReading> {
    let told = TileSet::from_iter(told.iter().copied());
    among.filter(|reading| reading.of(hashes) == told).collect()
}

/// The readings among some whose order begins like this.
pub(in super::super) fn fitting_orders(
    hashes: &mut Hashes<'_>,
    among: impl Iterator<Item = OrderReading>,
    told: &[u8],
) -> Vec<OrderReading> {
    among.filter(|reading| reading.of(hashes).starts_with(told)).collect()
}

/// The beginnings of one round's hashes, each made once for all readings.
#[derive(Debug)]
pub(in super::super) struct Hashes<'a> {
    server_seed: &'a str,
    round: u32,
    mine: Vec<[u8; 8]>,
    order: Vec<[u8; 8]>,
}

impl<'a> Hashes<'a> {
    pub(in super::super) fn new(server_seed: &'a str, round: u32) -> Self {
        Self { server_seed, round, mine: Vec::new(), order: Vec::new() }
    }

    fn mine(&mut self, n: u32) -> [u8; 8] {
        let Self { server_seed, round, mine, .. } = self;
        Self::nth(mine, n, |n| numbered_hash(server_seed, ":mine:", *round, n))
    }

    fn order(&mut self, i: u8) -> [u8; 8] {
        let Self { server_seed, round, order, .. } = self;
        Self::nth(order, i.into(), |i| numbered_hash(server_seed, ":order:", *round, i))
    }

    fn nth(made: &mut Vec<[u8; 8]>, n: u32, hash: impl Fn(u32) -> [u8; 32]) -> [u8; 8] {
        let at = usize::try_from(n).unwrap_or(usize::MAX);
        while made.len() <= at {
            let [a, b, c, d, e, f, g, h, ..] = hash(u32::try_from(made.len()).unwrap_or(u32::MAX));
            made.push([a, b, c, d, e, f, g, h]);
        }
        made.get(at).copied().unwrap_or_default()
    }
}

/// Some of the 25 tiles, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct TileSet(u32);

impl TileSet {
    fn has(self, tile: u8) -> bool {
        self.0 & (1 << (tile & 31)) != 0
    }

    fn insert(&mut self, tile: u8) {
        self.0 |= 1 << (tile & 31);
    }

    fn len(self) -> usize {
        usize::try_from(self.0.count_ones()).unwrap_or(0)
    }

    fn iter(self) -> impl Iterator<Item = u8> {
        (0..GRID).filter(move |tile| self.has(*tile))
    }
}

impl FromIterator<u8> for TileSet {
    fn from_iter<I: IntoIterator<Item = u8>>(tiles: I) -> Self {
        let mut set = Self::default();
        tiles.into_iter().for_each(|tile| set.insert(tile));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reading_gives_five_mines_and_every_tile_once() {
        let layouts: BTreeSet<_> = LayoutReading::all().collect();
        let orders: BTreeSet<_> = OrderReading::all().collect();
        assert_eq!((layouts.len(), orders.len()), (28, 49));
        for round in 1..20 {
            for reading in &layouts {
                let mines = mine_positions("f9e8d7c6", round, *reading);
                assert!(mines.len() == MINES && mines.iter().all(|tile| *tile < GRID), "{reading}");
            }
            for reading in &orders {
                let mut order = reveal_order("f9e8d7c6", round, *reading);
                order.sort_unstable();
                assert!(order.into_iter().eq(0..GRID), "{reading}");
            }
        }
    }

    #[test]
    fn one_reading_of_each_by_hand() {
        // Computed with a program in another language: eight bytes big-endian modulo 25 from n = 0, taken tiles passed over;
        // and Fisher-Yates from the end with four bytes big-endian.
        let layout = LayoutReading { first: 0, reduction: Reduction::U64Be, collision: Collision::Skip };
        let order =
            OrderReading { shuffle: Shuffle::Down, counting: Counting::Index, reduction: Reduction::U32Be };
        for (round, mines, beginning) in [
            (1, [1, 10, 11, 17, 24], [5, 14, 21, 22, 2, 24]),
            (2, [8, 9, 13, 17, 19], [18, 23, 0, 21, 14, 1]),
            (3, [1, 10, 17, 18, 24], [14, 2, 21, 22, 8, 15]),
        ] {
            assert_eq!(mine_positions("f9e8d7c6", round, layout), mines);
            assert_eq!(reveal_order("f9e8d7c6", round, order)[..6], beginning);
            let mut hashes = Hashes::new("f9e8d7c6", round);
            assert!(fitting_layouts(&mut hashes, LayoutReading::all(), &mines).contains(&layout));
            assert_eq!(fitting_orders(&mut hashes, OrderReading::all(), &beginning), [order]);
        }
    }
}
