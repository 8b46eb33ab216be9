// SPDX-License-Identifier: BSD-2-Clause
/*
 * The registers of a KCS or BT interface, without the kernel's driver (IPMI 2.0 sections 9, 11).
 * hardware/hardware.h knows what is to be done; here the pump does it, in `next`.
 * The deadline wakes it for another look, or the interrupt, where there is one.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "hardware/hardware.h"
#include "module/vipmi.h"

/* Register accesses before others have their turn: a message of the usual size. An access takes a
 * microsecond on a real bus. */
#define ACCESSES_MAX 256
#define PORT_MAX 0xFFFF
#define MEMORY_PREFIX "mem:"
/* So long the interface is given to become idle when we go: a controller takes no byte while it
 * executes a request. */
#define LEAVE_NS (2 * NSEC_PER_SEC_U64)
#define LEAVE_PAUSE_US 50
#define NO_CHANNEL (-1)

struct lower_registers {
	struct lower lower; /* first */
	const char *name;   /* the controller's: whose registers and interrupt it is */
	const struct transfer_ops *transfer;
	struct hardware interface; /* the pump's */
	bool in_memory;
	resource_size_t base;
	unsigned int spacing; /* bytes from one register to the next */
	void __iomem *registers;
	unsigned int irq; /* 0: none */
	bool answered;    /* nothing has been looked for since the last response; the pump's */
	int interrupted;  /* the line is off until the pump has looked */
	/* Whose medium is to be asked, and is asked; NO_CHANNEL. The latter is the pump's. */
	short medium_wanted, medium_asked;
};

static struct lower_registers *lower_registers(struct lower *lower)
{
	return container_of(lower, struct lower_registers, lower);
}

/* ---- the registers ---- */

static void __iomem *register_at(const struct lower_registers *self, unsigned int number)
{
	return self->registers + number * self->spacing;
}

static u8 perform(struct lower_registers *self, enum transfer_access access, u8 value)
{
	void __iomem *data = register_at(self, self->transfer->data_register);
	void __iomem *command = register_at(self, self->transfer->status_register);

	switch (access) {
	case TRANSFER_READ_STATUS:
		return ioread8(command);
	case TRANSFER_READ_DATA:
		return ioread8(data);
	case TRANSFER_WRITE_DATA:
		iowrite8(value, data);
		return 0;
	case TRANSFER_WRITE_COMMAND:
		iowrite8(value, command);
		return 0;
	default:
		return 0;
	}
}

static void run(struct lower_registers *self)
{
	struct hardware_complaint complaint;

	for (unsigned int i = 0; i < ACCESSES_MAX; i++) {
		u8 value = 0;
		enum transfer_access access =
			hardware_access(&self->interface, &value, ktime_get_ns());

		if (access == TRANSFER_NOTHING) {
			break;
		}
		value = perform(self, access, value);
		hardware_done(&self->interface, value, ktime_get_ns());
	}
	if (hardware_complains(&self->interface, &complaint)) {
		if (complaint.names_request) {
			pr_notice("%s: netFn %02X command %02X: %s\n", self->name, complaint.netfn,
				complaint.command, complaint.text);
		} else {
			pr_notice("%s: %s\n", self->name, complaint.text);
		}
	}
}

/* What the interface itself has to be told about its interrupt; a KCS interface, nothing. */
static void interrupt_tell(struct lower_registers *self, u8 value)
{
	if (self->transfer->interrupt_register) {
		iowrite8(value, register_at(self, self->transfer->interrupt_register));
	}
}

/* The line stays off until the pump has looked: a level that stands would leave it no time to. */
static irqreturn_t interrupt(int irq, void *context)
{
	struct lower_registers *self = context;

	disable_irq_nosync(irq);
	WRITE_ONCE(self->interrupted, true);
	lower_wake(&self->lower);
	return IRQ_HANDLED;
}

/* ---- a channel's medium: a question of our own between two of the core's ---- */

static int registers_medium_ask(struct lower *lower, short channel)
{
	WRITE_ONCE(lower_registers(lower)->medium_wanted, channel);
	lower_wake(lower);
	return 0;
}

static void medium_begin(struct lower_registers *self)
{
	short channel = READ_ONCE(self->medium_wanted);
	u8 data = channel;
	const struct core_transmit question = {.transmission = 1, /* no other is under way */
		.target_kind = VIPMI_TARGET_CONTROLLER,
		.netfn = VIPMI_NETFN_APP,
		.command = LOWER_CMD_GET_CHANNEL_INFO,
		.data = &data,
		.length = sizeof(data)};

	if (channel != NO_CHANNEL && self->medium_asked == NO_CHANNEL &&
		hardware_transmit(&self->interface, &question, ktime_get_ns()) == 0) {
		self->medium_asked = channel;
		WRITE_ONCE(self->medium_wanted, NO_CHANNEL);
	}
}

/* Whether an event is about our own question, which the core knows nothing of. */
static bool medium_event(struct lower_registers *self, const struct core_event *event)
{
	short channel = self->medium_asked;

	if (channel == NO_CHANNEL) {
		return false;
	}
	switch (event->type) {
	case CORE_EVENT_RECEIVED:
		lower_medium_learned(
			&self->lower, channel, event->received.data, event->received.length);
		self->medium_asked = NO_CHANNEL;
		return true;
	case CORE_EVENT_LINK_DOWN:
		self->medium_asked = NO_CHANNEL;
		return false;
	default:
		return false;
	}
}

/* ---- the lower side ---- */

/*
 * What follows a response at once has been waiting for it. While some wait, a thread has the
 * registers, beside the programs on another processor; who is alone has his answer sooner
 * without waking one.
 */
static int registers_transmit(struct lower *lower, const struct core_transmit *transmit)
{
	WRITE_ONCE(lower->threaded, lower_registers(lower)->answered);
	return hardware_transmit(&lower_registers(lower)->interface, transmit, ktime_get_ns());
}

static bool registers_next(struct lower *lower, struct core_event *ret_event)
{
	struct lower_registers *self = lower_registers(lower);
	bool interrupted = xchg(&self->interrupted, false), there;

	if (interrupted) {
		/* Before the look: what comes after it is another interrupt. */
		interrupt_tell(
			self, self->transfer->interrupt_enable | self->transfer->interrupt_clear);
		hardware_hurry(&self->interface, ktime_get_ns());
	}
	medium_begin(self);
	run(self);
	if (interrupted) {
		enable_irq(self->irq);
	}
	do {
		there = hardware_next(&self->interface, ret_event);
	} while (there && medium_event(self, ret_event));
	if (there && ret_event->type == CORE_EVENT_LINK_UP) {
		lower_media_forget(lower);
	}
	self->answered = there && ret_event->type == CORE_EVENT_RECEIVED;
	return there;
}

static u64 registers_deadline(struct lower *lower)
{
	return hardware_deadline(&lower_registers(lower)->interface);
}

static bool registers_is_up(struct lower *lower)
{
	return hardware_is_up(&lower_registers(lower)->interface);
}

/* The line's handler turns it off, too: the pump may still turn it on again, once. */
static void registers_stop(struct lower *lower)
{
	struct lower_registers *self = lower_registers(lower);

	if (self->irq) {
		disable_irq(self->irq);
	}
}

/* Whoever has the interface next finds it idle. */
static void leave(struct lower_registers *self)
{
	u64 until_ns = ktime_get_ns() + LEAVE_NS;

	hardware_leave(&self->interface, ktime_get_ns());
	while (!hardware_left(&self->interface) && ktime_get_ns() < until_ns) {
		run(self);
		usleep_range(LEAVE_PAUSE_US, 2 * LEAVE_PAUSE_US);
	}
	if (!hardware_left(&self->interface)) {
		pr_notice("%s: the %s interface is left in the middle of a transfer\n", self->name,
			self->transfer->name);
	}
}

/* Takes the registers one by one, as the kernel's driver does: what lies between is not ours. */
static int regions_take(struct lower_registers *self)
{
	for (unsigned int i = 0; i < self->transfer->registers; i++) {
		resource_size_t place = self->base + i * self->spacing;

		if (self->in_memory ? request_mem_region(place, 1, self->name)
				    : request_region(place, 1, self->name)) {
			continue;
		}
		while (i-- > 0) {
			place = self->base + i * self->spacing;
			self->in_memory ? release_mem_region(place, 1) : release_region(place, 1);
		}
		return -EBUSY;
	}
	return 0;
}

static void regions_give(struct lower_registers *self)
{
	for (unsigned int i = 0; i < self->transfer->registers; i++) {
		resource_size_t place = self->base + i * self->spacing;

		self->in_memory ? release_mem_region(place, 1) : release_region(place, 1);
	}
}

static int registers_open(struct lower_registers *self)
{
	unsigned int span = (self->transfer->registers - 1) * self->spacing + 1;

	if (regions_take(self)) {
		pr_err("%s: somebody has the registers at 0x%llx already, see /proc/%s. If it "
		       "is ipmi_si: rmmod ipmi_si first, or load vipmi with interface= instead\n",
			self->name, (u64)self->base, self->in_memory ? "iomem" : "ioports");
		return -EBUSY;
	}
	self->registers =
		self->in_memory ? ioremap(self->base, span) : ioport_map(self->base, span);
	if (!self->registers) {
		pr_err("%s: the registers at 0x%llx cannot be mapped\n", self->name,
			(u64)self->base);
		regions_give(self);
		return -ENXIO;
	}
	return 0;
}

static void registers_close(struct lower_registers *self)
{
	self->in_memory ? iounmap(self->registers) : ioport_unmap(self->registers);
	regions_give(self);
}

static void registers_destroy(struct lower *lower)
{
	struct lower_registers *self = lower_registers(lower);

	if (self->irq) {
		interrupt_tell(self, 0);
		free_irq(self->irq, self);
	}
	leave(self);
	registers_close(self);
	kvfree(self);
}

static const struct lower_ops registers_ops = {
	.transmit = registers_transmit,
	.next = registers_next,
	.deadline = registers_deadline,
	.is_up = registers_is_up,
	.medium_ask = registers_medium_ask,
	.stop = registers_stop,
	.destroy = registers_destroy,
};

static int where_parse(struct lower_registers *self, const struct lower_registers_options *options)
{
	const char *number = options->where;
	u64 base;

	self->in_memory = strstarts(number, MEMORY_PREFIX);
	if (self->in_memory) {
		number += strlen(MEMORY_PREFIX);
	}
	if (kstrtou64(number, 0, &base) || (!self->in_memory && base > PORT_MAX)) {
		pr_err("%s: the %s interface at %s: neither an I/O port (0xca2) nor a place in "
		       "memory (mem:0xfed00000)\n",
			self->name, self->transfer->name, options->where);
		return -EINVAL;
	}
	self->base = base;
	self->spacing = options->spacing;
	if (self->spacing != 1 && self->spacing != 4 && self->spacing != 16) {
		pr_err("%s: spacing=%u: the registers are 1, 4 or 16 bytes apart\n", self->name,
			self->spacing);
		return -EINVAL;
	}
	return 0;
}

/* Without it the registers are looked at all the same. */
static bool irq_take(struct lower_registers *self, unsigned int irq)
{
	int result = irq ? request_irq(irq, interrupt, IRQF_NO_AUTOEN, self->name, self) : -ENOENT;

	if (result == 0) {
		self->irq = irq;
	} else if (irq) {
		pr_warn("%s: no interrupt %u (%d), see /proc/interrupts; going on without\n",
			self->name, irq, result);
	}
	return result == 0;
}

int lower_registers_create(
	struct controller *controller, const struct lower_registers_options *options)
{
	struct lower_registers *self = kvzalloc(sizeof(*self), GFP_KERNEL);
	int result;

	if (!self) {
		return -ENOMEM;
	}
	self->name = controller->name;
	self->transfer = options->transfer;
	result = where_parse(self, options);
	if (result == 0) {
		result = registers_open(self);
	}
	if (result) {
		kvfree(self);
		return result;
	}
	self->medium_wanted = self->medium_asked = NO_CHANNEL;
	lower_init(&self->lower, &registers_ops, controller);
	self->lower.own_address = options->own_address;
	hardware_init(&self->interface, self->transfer, HARDWARE_BUS_WINDOW_DEFAULT,
		options->own_address, irq_take(self, options->irq), ktime_get_ns());
	if (self->irq) {
		interrupt_tell(self, self->transfer->interrupt_enable);
		enable_irq(self->irq);
	}
	lower_wake(&self->lower);
	return 0;
}
