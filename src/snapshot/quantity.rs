//! Kubernetes quantities (`100m`, `1Gi`, `1e3`, `0.5`), compared exactly and shown as they were written.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::protobuf::{Malformed, Repeats, Value, Wire, each_field, entries};
use super::text::Str;

const NANO: i128 = 1_000_000_000;

/// An amount of anything (cores, bytes, objects), exact to a thousand-millionth as the API server keeps it.
/// Format: apimachinery, `pkg/api/resource/quantity.go`.
#[derive(Clone, Default)]
pub struct Quantity {
    text: Str,
    nano: i128,
}

/// The text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a quantity")]
pub struct NotAQuantity(pub String);

impl Quantity {
    /// In thousand-millionths of the unit.
    pub fn nano(&self) -> i128 {
        self.nano
    }
    /// In thousandths, rounded up: millicores.
    pub fn milli(&self) -> i128 {
        div_ceil(self.nano, NANO / 1000)
    }
    /// In whole units, rounded up: bytes, objects.
    pub fn value(&self) -> i128 {
        div_ceil(self.nano, NANO)
    }
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }
    /// `self / whole`, for percentages; nothing when the whole is zero.
    pub fn ratio(&self, whole: &Self) -> Option<f64> {
        (whole.nano != 0).then(|| self.nano as f64 / whole.nano as f64)
    }
    /// As it was written.
    pub fn as_str(&self) -> &str {
        if self.text.is_empty() { "0" } else { &self.text }
    }
}

fn div_ceil(value: i128, by: i128) -> i128 {
    value.div_euclid(by) + i128::from(value.rem_euclid(by) != 0)
}

impl FromStr for Quantity {
    type Err = NotAQuantity;
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        parse(text).map(|nano| Self { text: Str::from(text), nano }).ok_or_else(|| NotAQuantity(text.to_owned()))
    }
}

/// The value in nano units; rounded up beyond that, and held at the largest number that fits, as the API server does both.
fn parse(text: &str) -> Option<i128> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let digits_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at_checked(digits_end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (binary, exponent) = scale(suffix)?;
    let mut digits: i128 = 0;
    let mut power = exponent + 9;
    let mut cut_off = false;
    for digit in whole.bytes() {
        digits = digits.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    for digit in fraction.bytes() {
        if digits > i128::MAX / 10_000 {
            cut_off |= digit != b'0';
            continue;
        }
        digits = digits * 10 + i128::from(digit - b'0');
        power -= 1;
    }
    let mut nano = digits.saturating_mul(binary);
    while power > 0 && nano != 0 && nano < i128::MAX {
        nano = nano.saturating_mul(10);
        power -= 1;
    }
    if power < 0 {
        let divisor = 10_i128.checked_pow(power.unsigned_abs()).unwrap_or(i128::MAX);
        cut_off |= nano % divisor != 0;
        nano /= divisor;
    }
    nano = nano.saturating_add(i128::from(cut_off));
    Some(if negative { -nano } else { nano })
}

/// A suffix as (binary factor, power of ten).
fn scale(suffix: &str) -> Option<(i128, i32)> {
    let power_of_two = |power: u32| Some((1_i128 << power, 0));
    match suffix {
        "" => Some((1, 0)),
        "n" => Some((1, -9)),
        "u" => Some((1, -6)),
        "m" => Some((1, -3)),
        "k" => Some((1, 3)),
        "M" => Some((1, 6)),
        "G" => Some((1, 9)),
        "T" => Some((1, 12)),
        "P" => Some((1, 15)),
        "E" => Some((1, 18)),
        "Ki" => power_of_two(10),
        "Mi" => power_of_two(20),
        "Gi" => power_of_two(30),
        "Ti" => power_of_two(40),
        "Pi" => power_of_two(50),
        "Ei" => power_of_two(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let signs = usize::from(exponent.starts_with(['+', '-']));
            let digits = exponent.get(signs..)?;
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > 4 {
                return None;
            }
            exponent.parse().ok().map(|power| (1, power))
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}
impl Eq for Quantity {}
impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amount;
        impl Visitor<'_> for Amount {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Amount)
    }
}

/// Amounts by resource name (`cpu`, `memory`, `requests.storage`), sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quantities(Box<[(Str, Quantity)]>);

impl Quantities {
    pub fn get(&self, name: &str) -> Option<&Quantity> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, amount)| amount)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Quantity)> {
        self.0.iter().map(|(name, amount)| (name, amount))
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Quantities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Str, Quantity>::deserialize(deserializer)?;
        Ok(Self(map.into_iter().collect()))
    }
}

impl Wire for Quantity {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        each_field(value.bytes()?, |number, value, _| {
            if number == 1 {
                let text = std::str::from_utf8(value.bytes()?).map_err(|_| Malformed::Value)?;
                *self = text.parse().map_err(|_| Malformed::Value)?;
            }
            Ok(())
        })
    }
}

impl Wire for Quantities {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        if !self.is_empty() {
            return Err(Malformed::Value);
        }
        let mut amounts = Vec::new();
        entries(value, more, |name, value| {
            let mut amount = Quantity::default();
            amount.read_alone(Value::Bytes(value))?;
            amounts.push((Str::from_utf8_lossy(name), amount));
            Ok(())
        })?;
        amounts.sort_by(|a, b| a.0.cmp(&b.0));
        self.0 = amounts.into_boxed_slice();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn all_forms_have_their_exact_value() {
        for (text, nano) in [
            ("0", 0),
            ("100m", 100_000_000),
            ("0.1", 100_000_000),
            (".5", 500_000_000),
            ("5.", 5 * NANO),
            ("1", NANO),
            ("+1", NANO),
            ("-2", -2 * NANO),
            ("1e3", 1000 * NANO),
            ("1E3", 1000 * NANO),
            ("1.5e-3", 1_500_000),
            ("12e+1", 120 * NANO),
            ("1E", NANO * 1_000_000_000_000_000_000),
            ("1k", 1000 * NANO),
            ("1Ki", 1024 * NANO),
            ("1.5Gi", 1_610_612_736 * NANO),
            ("128974848", 128_974_848 * NANO),
            ("129e6", 129_000_000 * NANO),
            ("123Mi", 128_974_848 * NANO),
            ("1n", 1),
            ("0.1n", 1),
            ("500u", 500_000),
            ("0.000000000000000000000000000000000000000000001", 1),
        ] {
            assert_eq!(q(text).nano(), nano, "{text}");
        }
    }

    #[test]
    fn values_compare_across_forms() {
        assert_eq!(q("0.5"), q("500m"));
        assert_eq!(q("123Mi"), q("128974848"));
        assert!(q("1G") < q("1Gi"));
        assert!(q("8Ei") > q("9E0"));
        assert_eq!(q("1e9999"), q("2e9999"), "beyond all measure is held at the largest value");
        assert_eq!(q("1m").value(), 1, "rounded up");
        assert_eq!(q("1500u").milli(), 2, "rounded up");
        assert_eq!(q("900m").ratio(&q("1")), Some(0.9));
        assert_eq!(q("1").ratio(&q("0")), None);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "-", "m", "1.2.3", "1 Gi", "1gi", "1K", "1e", "1e+", "1e1.5", "0x10", "1Mb", "١"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_numbers_are_quantities_and_the_written_form_is_kept() {
        let amounts: Quantities = serde_json::from_str(r#"{"memory":"512Mi","cpu":2,"x":0.5}"#).unwrap();
        assert_eq!(amounts.get("memory").unwrap().to_string(), "512Mi");
        assert_eq!(amounts.get("cpu"), Some(&q("2")));
        assert_eq!(amounts.get("x"), Some(&q("500m")));
        assert_eq!(Quantity::default().to_string(), "0");
    }
}
