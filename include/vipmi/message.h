/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vocabulary that a client, the agent and the core share: what a request
 * names, what an answer says, and who said it. IPMI's own terms keep the
 * specification's names.
 */
#ifndef VIPMI_MESSAGE_H
#define VIPMI_MESSAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most data bytes of one message, completion code included (the Linux driver's
 * IPMI_MAX_MSG_LENGTH; no system interface in the field carries more). */
#define VIPMI_DATA_MAX 272

/* Network functions, request form; the response's is one more (IPMI 2.0 section 5.1). */
enum vipmi_netfn {
	VIPMI_NETFN_CHASSIS = 0x00,
	VIPMI_NETFN_BRIDGE = 0x02,
	VIPMI_NETFN_SENSOR = 0x04,
	VIPMI_NETFN_APP = 0x06,
	VIPMI_NETFN_FIRMWARE = 0x08,
	VIPMI_NETFN_STORAGE = 0x0A,
	VIPMI_NETFN_TRANSPORT = 0x0C,
	VIPMI_NETFN_GROUP = 0x2C, /* first data byte: defining body */
	VIPMI_NETFN_OEM = 0x2E,   /* first three data bytes: IANA number, LS byte first */
};

/* Completion codes (IPMI 2.0 section 5.2, table 5-2). A code is data, never an error of ours. */
enum vipmi_cc {
	VIPMI_CC_OK = 0x00,
	VIPMI_CC_NODE_BUSY = 0xC0,
	VIPMI_CC_INVALID_COMMAND = 0xC1,
	VIPMI_CC_INVALID_FOR_LUN = 0xC2,
	VIPMI_CC_TIMEOUT = 0xC3,
	VIPMI_CC_OUT_OF_SPACE = 0xC4,
	VIPMI_CC_RESERVATION_CANCELLED = 0xC5,
	VIPMI_CC_REQUEST_TRUNCATED = 0xC6,
	VIPMI_CC_LENGTH_INVALID = 0xC7,
	VIPMI_CC_FIELD_TOO_LONG = 0xC8,
	VIPMI_CC_OUT_OF_RANGE = 0xC9,
	VIPMI_CC_CANNOT_RETURN_LENGTH = 0xCA,
	VIPMI_CC_NOT_PRESENT = 0xCB,
	VIPMI_CC_INVALID_FIELD = 0xCC,
	VIPMI_CC_ILLEGAL_FOR_RECORD = 0xCD,
	VIPMI_CC_NO_RESPONSE = 0xCE,
	VIPMI_CC_DUPLICATE = 0xCF,
	VIPMI_CC_SDR_UPDATE = 0xD0,
	VIPMI_CC_FIRMWARE_UPDATE = 0xD1,
	VIPMI_CC_INITIALIZING = 0xD2,
	VIPMI_CC_DESTINATION_UNAVAILABLE = 0xD3,
	VIPMI_CC_PRIVILEGE = 0xD4,
	VIPMI_CC_NOT_IN_STATE = 0xD5,
	VIPMI_CC_SUBFUNCTION_DISABLED = 0xD6,
	VIPMI_CC_UNSPECIFIED = 0xFF,
};

/* Who a request is for. */
enum vipmi_target_kind {
	VIPMI_TARGET_CONTROLLER = 0,     /* the controller itself, over its system interface */
	VIPMI_TARGET_IPMB = 1,           /* a responder on an IPMB: channel and slave address */
	VIPMI_TARGET_IPMB_BROADCAST = 2, /* likewise, as a broadcast (Get Device ID only) */
};

/* How urgent a request is. Lower values go first; every class has a guaranteed minimum. */
enum vipmi_class {
	VIPMI_CLASS_URGENT = 0,
	VIPMI_CLASS_NORMAL = 1,
	VIPMI_CLASS_BACKGROUND = 2,
	VIPMI_CLASS_COUNT = 3,
};

/* Who gave an answer. */
enum vipmi_origin {
	VIPMI_ORIGIN_CONTROLLER = 0, /* the controller, or the responder behind it */
	VIPMI_ORIGIN_CACHE = 1,      /* the controller, earlier */
	VIPMI_ORIGIN_AGENT = 2,      /* vipmi itself; the reason says why */
};

/* What an asynchronous message is. */
enum vipmi_async_kind {
	VIPMI_ASYNC_EVENT = 1,    /* DATA: 16 bytes, the image of a SEL record */
	VIPMI_ASYNC_REQUEST = 2,  /* a request to system software; netFn and so on in the header */
	VIPMI_ASYNC_WATCHDOG = 3, /* the watchdog's pre-timeout interrupt; no DATA */
	VIPMI_ASYNC_LOST = 4,     /* the controller, or the way to it, is lost; no DATA */
	VIPMI_ASYNC_BACK = 5,     /* it is back; no DATA */
	VIPMI_ASYNC_RESET = 6,    /* it was reset; no DATA */
	VIPMI_ASYNC_COUNT,
	/* In filters alone: those EVENTs that tell of a board, FRU or entity that comes or goes. */
	VIPMI_ASYNC_CHASSIS = 7,
};

/* Why vipmi answered, refused or ended something itself. 0 where the controller answered. */
enum vipmi_reason {
	VIPMI_REASON_NONE = 0,
	VIPMI_REASON_EXPIRED = 1,      /* the client's own deadline passed */
	VIPMI_REASON_CANCELLED = 2,    /* the client cancelled it */
	VIPMI_REASON_SILENT = 3,       /* no answer within the service time-out */
	VIPMI_REASON_LINK_DOWN = 4,    /* the way to the controller is gone */
	VIPMI_REASON_TOO_LONG = 5,     /* longer than the link carries */
	VIPMI_REASON_NOT_CARRIED = 6,  /* the link or the controller cannot carry such a request */
	VIPMI_REASON_BUS = 7,          /* the responder on the IPMB did not take or answer it */
	VIPMI_REASON_RESERVED = 8,     /* another handle holds the right to it */
	VIPMI_REASON_FULL = 9,         /* a limit is reached; the text names it */
	VIPMI_REASON_STALE = 10,       /* the handle is not (or no longer) one of this connection */
	VIPMI_REASON_PROTOCOL = 11,    /* the peer broke the protocol; the text says how */
	VIPMI_REASON_DENIED = 12,      /* not allowed to this client */
	VIPMI_REASON_KICKED = 13,      /* an administrator ended the connection */
	VIPMI_REASON_UNSUPPORTED = 14, /* this agent does not know such a thing */
	VIPMI_REASON_NOT_FOUND = 15,   /* the thing named does not exist */
	VIPMI_REASON_CONTROLLER_RESET = 16, /* the controller was reset while it had the request */
	VIPMI_REASON_VOID = 17, /* somebody else changed what the reservation protected */
	VIPMI_REASON_COUNT
};

#ifdef __cplusplus
}
#endif

#endif
