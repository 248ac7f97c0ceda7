/* A FIDO key's HID report descriptor (CTAP 2.1 section 11.2.8.2): usage page 0xf1d0. */
#ifndef SOFTKEY_DESCRIPTOR_H
#define SOFTKEY_DESCRIPTOR_H

#include <stdint.h>

static const uint8_t report_descriptor[] = {
    0x06, 0xd0, 0xf1, /* Usage Page (FIDO) */
    0x09, 0x01,       /* Usage (CTAPHID) */
    0xa1, 0x01,       /* Collection (Application) */
    0x09, 0x20,       /*   Usage (Data In) */
    0x15, 0x00,       /*   Logical Minimum (0) */
    0x26, 0xff, 0x00, /*   Logical Maximum (255) */
    0x75, 0x08,       /*   Report Size (8) */
    0x95, 0x40,       /*   Report Count (64) */
    0x81, 0x02,       /*   Input (Data, Variable, Absolute) */
    0x09, 0x21,       /*   Usage (Data Out) */
    0x15, 0x00,       /*   Logical Minimum (0) */
    0x26, 0xff, 0x00, /*   Logical Maximum (255) */
    0x75, 0x08,       /*   Report Size (8) */
    0x95, 0x40,       /*   Report Count (64) */
    0x91, 0x02,       /*   Output (Data, Variable, Absolute) */
    0xc0,             /* End Collection */
};

/* Of no maker: the vendor number that pid.codes gives to everybody's tests. */
enum {
    USB_VENDOR = 0x1209,
    USB_PRODUCT = 0x0001,
};

#endif
