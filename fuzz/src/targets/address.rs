//! The addresses that may be dialled: 4 or 16 bytes. Oracle: the registries' blocks as ranges of numbers, and the standard
//! library's own predicates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use webhook::address::is_public;

pub fn run(bytes: &[u8]) {
    if let Some(octets) = bytes.first_chunk::<16>() {
        let address = Ipv6Addr::from(*octets);
        let is_public = is_public(IpAddr::V6(address));
        assert_eq!(is_public, is_public_v6(address), "{address}");
        // An address that stands for one of IPv4 is never dialled.
        assert!(!is_public || address.to_ipv4().is_none(), "{address}");
        let refused = address.is_loopback() || address.is_multicast() || address.is_unspecified();
        assert!(
            !is_public || !refused && !address.is_unique_local() && !address.is_unicast_link_local(),
            "{address}"
        );
    } else if let Some(octets) = bytes.first_chunk::<4>() {
        let address = Ipv4Addr::from(*octets);
        let is_public = is_public(IpAddr::V4(address));
        assert_eq!(is_public, is_public_v4(address), "{address}");
        let refused = address.is_private() || address.is_loopback() || address.is_link_local();
        let reserved = address.is_multicast() || address.is_broadcast() || address.is_documentation();
        assert!(!is_public || !refused && !reserved && !address.is_unspecified(), "{address}");
    }
}

/// The first and the last address of each block that is refused.
const REFUSED_V4: [(u32, u32); 16] = [
    (0x0000_0000, 0x00ff_ffff),
    (0x0a00_0000, 0x0aff_ffff),
    (0x6440_0000, 0x647f_ffff),
    (0x7f00_0000, 0x7fff_ffff),
    (0xa9fe_0000, 0xa9fe_ffff),
    (0xac10_0000, 0xac1f_ffff),
    (0xc000_0000, 0xc000_00ff),
    (0xc000_0200, 0xc000_02ff),
    (0xc01f_c400, 0xc01f_c4ff),
    (0xc058_6300, 0xc058_63ff),
    (0xc0a8_0000, 0xc0a8_ffff),
    (0xc0af_3000, 0xc0af_30ff),
    (0xc612_0000, 0xc613_ffff),
    (0xc633_6400, 0xc633_64ff),
    (0xcb00_7100, 0xcb00_71ff),
    (0xe000_0000, 0xffff_ffff),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let number = u32::from(address);
    !REFUSED_V4.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x01ff | 0x0db8, ..]
        | [0x2002, ..]
        | [0x2620, 0x004f, 0x8000, ..]
        | [0x3fff, 0..=0x0fff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}
