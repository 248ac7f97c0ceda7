/* The key as a real hidraw device: the kernel makes it for whoever opened /dev/uhid. */
#ifndef SOFTKEY_UHID_H
#define SOFTKEY_UHID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the descriptor; stops the program when the kernel won't. */
int uhid_create(const char *name);
void uhid_destroy(int *fd);

void uhid_send(int fd, const uint8_t *report, size_t size);
/* Reads an event; true when it was a report. */
bool uhid_receive(int fd, uint8_t report[64]);

#endif
