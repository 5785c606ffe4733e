/* test.h - cmocka with what it needs before it; included by tests only. */
#ifndef EC_BASE_TEST_H
#define EC_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
