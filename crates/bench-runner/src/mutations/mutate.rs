//! Files that are nearly right: a seeded source of small changes.

use serde_json::{Map, Value, json};

/// Random numbers without a crate: SplitMix64 of Steele, Lea and Flood 2014.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }
}

/// Whole numbers at whose ends arithmetic breaks.
const EXTREMES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 53, i64::MAX as u64, u64::MAX];

/// The bytes with one to three changes: bits, cuts, what is twice there, and numbers at their ends.
pub(super) fn bytes(dice: &mut Dice, sound: &[u8]) -> Vec<u8> {
    let mut out = sound.to_vec();
    for _ in 0..=dice.below(3) {
        // Headers are where it matters: every second change is among the first bytes.
        let end = if dice.below(2) == 0 { out.len().min(160) } else { out.len() };
        let at = dice.below(end);
        let stretch = at..(at + 1 + dice.below(64)).min(out.len());
        match dice.below(7) {
            0 | 1 if !out.is_empty() => out[at] ^= 1 << dice.below(8),
            2 => out.truncate(at),
            3 if !stretch.is_empty() => drop(out.drain(stretch)),
            4 if !stretch.is_empty() => {
                let twice = out[stretch].to_vec();
                out.splice(at..at, twice);
            }
            5 => {
                let number = EXTREMES[dice.below(EXTREMES.len())];
                let width = [1, 2, 4, 8][dice.below(4)];
                let number = match dice.below(2) {
                    0 => number.to_le_bytes()[..width].to_vec(),
                    _ => number.to_be_bytes()[8 - width..].to_vec(),
                };
                let end = (at + width).min(out.len());
                out.splice(at..end, number);
            }
            _ => {
                let number = f32::from_bits(dice.next() as u32 | 0x7f80_0000);
                let end = (at + 4).min(out.len());
                out.splice(at..end, number.to_le_bytes());
            }
        }
    }
    out
}

/// The value with one to three of its parts changed.
pub(super) fn value(dice: &mut Dice, sound: &Value) -> Value {
    let mut out = sound.clone();
    for _ in 0..=dice.below(3) {
        let count = parts(&out);
        let mut at = dice.below(count);
        change(dice, &mut out, &mut at);
    }
    out
}

fn parts(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(parts).sum(),
        Value::Object(table) => table.values().map(parts).sum::<usize>(),
        _ => 0,
    }
}

/// Changes the part that stands at place `at`, counted from above and from the left.
fn change(dice: &mut Dice, value: &mut Value, at: &mut usize) -> bool {
    if *at == 0 {
        *value = changed(dice, value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(dice, item, at)),
        Value::Object(table) => table.values_mut().any(|item| change(dice, item, at)),
        _ => false,
    }
}

/// Something else in its place: most often of its own type.
fn changed(dice: &mut Dice, value: &Value) -> Value {
    if dice.below(3) == 0 {
        return anything(dice);
    }
    match value {
        Value::Number(number) => match dice.below(6) {
            0 => json!(number.as_f64().unwrap_or(0.0) * 1e300),
            1 => json!(-number.as_f64().unwrap_or(1.0)),
            2 => json!(number.as_i64().unwrap_or(0).wrapping_add(1)),
            3 => json!(number.as_f64().unwrap_or(0.0) + 0.5),
            _ => extreme(dice),
        },
        Value::String(text) => {
            let at = text.char_indices().map(|(at, _)| at).nth(dice.below(text.len())).unwrap_or(0);
            match dice.below(3) {
                0 => json!(text[..at]),
                1 => json!(format!("{}\u{1b}[31m\u{202e}{}", &text[..at], &text[at..])),
                _ => json!(text.repeat(1 + dice.below(40))),
            }
        }
        Value::Array(items) => {
            let mut items = items.clone();
            let at = dice.below(items.len());
            match dice.below(4) {
                0 => items.truncate(at),
                1 if !items.is_empty() => drop(items.remove(at)),
                2 if !items.is_empty() => items.push(items[at].clone()),
                _ => items.reverse(),
            }
            Value::Array(items)
        }
        Value::Object(table) => {
            let mut table: Map<String, Value> = table.clone();
            let name = table.keys().nth(dice.below(table.len())).cloned();
            if let Some(name) = name {
                let gone = table.shift_remove(&name);
                if dice.below(2) == 0 {
                    table.insert(name + "_", gone.unwrap_or(Value::Null));
                }
            }
            Value::Object(table)
        }
        _ => anything(dice),
    }
}

fn extreme(dice: &mut Dice) -> Value {
    let floats = [1e308, -1e308, 1e-320, -0.0, 1e20, 0.999_999_999];
    match dice.below(3) {
        0 => json!(floats[dice.below(floats.len())]),
        1 => json!(EXTREMES[dice.below(EXTREMES.len())]),
        _ => json!(-(EXTREMES[dice.below(EXTREMES.len())] as i64)),
    }
}

fn anything(dice: &mut Dice) -> Value {
    let text = ["", "none", "../../x", "/dev/zero", "a\u{0}b\n\u{1b}[2J", "nan"];
    match dice.below(8) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => json!(text[dice.below(text.len())]),
        3 => json!([]),
        4 => json!({}),
        5 => json!([[1], [2, 3], []]),
        _ => extreme(dice),
    }
}
