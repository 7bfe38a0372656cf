//! Resource quantities in thousandths of their unit, as the scheduler, the quota and the kubelet of the demo compare them.

use serde_json::Value;

/// `500m`, `2`, `1536Mi`, `1.5G` in thousandths; `None` where it is not a quantity.
pub(super) fn milli(value: &Value) -> Option<i64> {
    if let Some(whole) = value.as_i64() {
        return whole.checked_mul(1000);
    }
    let words = value.as_str()?;
    let digits = words.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(words.len());
    let (digits, unit) = words.split_at(digits);
    let factor: i64 = match unit {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mut sum = whole.parse::<i64>().ok()?.checked_mul(factor)?;
    let mut place = factor;
    for digit in part.chars() {
        place /= 10;
        sum = sum.checked_add(i64::from(digit.to_digit(10)?) * place)?;
    }
    Some(sum)
}

/// A quantity in the form that a person would have written for this resource.
pub(super) fn show(resource: &str, milli: i64) -> String {
    let bytes = resource.ends_with("memory") || resource.ends_with("storage");
    if !bytes {
        return if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") };
    }
    let amount = milli / 1000;
    for (unit, size) in [("Gi", 1_i64 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if amount != 0 && amount % size == 0 {
            return format!("{}{unit}", amount / size);
        }
    }
    amount.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_round_trip() {
        for (resource, words) in
            [("cpu", "250m"), ("cpu", "2"), ("memory", "192Mi"), ("limits.memory", "2Gi"), ("pods", "10")]
        {
            assert_eq!(show(resource, milli(&json!(words)).unwrap()), words);
        }
        assert_eq!(milli(&json!("1.5Gi")), milli(&json!("1536Mi")));
        assert_eq!(milli(&json!(2)), Some(2000));
        assert_eq!(milli(&json!("two")), None);
    }
}
