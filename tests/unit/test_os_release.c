/* SPDX-License-Identifier: Apache-2.0 */
#include "client/os_release.h"
#include "tests/unit/test.h"

static const struct {
	const char *text, *redhat, *el, *name;
} systems[] = {
	{"NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\n"
	 "ID_LIKE=\"rhel fedora\"\nVERSION_ID=\"7\"\n"
	 "PRETTY_NAME=\"CentOS Linux 7 (Core)\"\n",
	 "CentOS Linux release 7.9.2009 (Core)\n", "7.9", "CentOS Linux 7 (Core)"},
	{"ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"8.4\"\n"
	 "PRETTY_NAME=\"Red Hat Enterprise Linux 8.4 (Ootpa)\"\n",
	 "Red Hat Enterprise Linux release 8.4 (Ootpa)\n", "8.4",
	 "Red Hat Enterprise Linux 8.4 (Ootpa)"},
	{"ID=\"ol\"\nVERSION_ID=\"8.10\"\n", NULL, "8.10", "ol"},
	{"ID='rocky'\nVERSION_ID='9'", NULL, "9", "rocky"},
	{"ID=scientific\nID_LIKE=\"fedora rhel\"\nVERSION_ID=7\n", NULL, "7",
	 "scientific"},
	{"ID=centos\nVERSION_ID=8\n", "CentOS Stream release 8\n", "8", "centos"},
	/* a redhat-release of another system adds nothing */
	{"ID=centos\nVERSION_ID=8\n", "CentOS Linux release 7.9.2009\n", "8", "centos"},
	{"ID=rhel\nVERSION_ID=8.4\n", "x release 8.5\n", "8.4", "rhel"},
	/* none of these is Enterprise Linux */
	{"ID=debian\nVERSION_ID=\"12\"\n", NULL, "", "debian"},
	{"ID=fedora\nVERSION_ID=38\n", NULL, "", "fedora"},
	{"ID=rhel\n", NULL, "", "rhel"},
	{"ID=rhel\nVERSION_ID=\"8; rm\"\n", NULL, "", "rhel"},
	{"ID=rhel\nVERSION_ID=8.4.1\n", NULL, "", "rhel"},
	{"#ID=rhel\nXID=rhel\nVERSION_ID=8\n", NULL, "", ""},
	{"ID=x\nID_LIKE=rhelish\nVERSION_ID=8\n", NULL, "", "x"},
	{"", NULL, "", ""},
	/* the last assignment counts; quoting is the shell's */
	{"ID=rhel\nID=debian\nVERSION_ID=8\n", NULL, "", "debian"},
	{"ID=rhel\nVERSION_ID=8\nPRETTY_NAME=\"a \\\"b\\\" \033[2J\"\n", NULL, "8",
	 "a \"b\" \\x1b[2J"},
};

TEST(os_release_tells_enterprise_linux_from_the_rest)
{
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		struct os_release os;

		os_release_parse(systems[i].text, systems[i].redhat, &os);
		assert_string_equal(os.el, systems[i].el);
		assert_string_equal(os.name, systems[i].name);
	}
}

TEST(os_release_cuts_what_is_too_long)
{
	char text[1024] = "ID=rhel\nVERSION_ID=8\nPRETTY_NAME=";
	struct os_release os;

	memset(text + strlen(text), 'x', 900);
	os_release_parse(text, NULL, &os);
	assert_string_equal(os.el, "8");
	assert_true(strlen(os.name) < OS_RELEASE_VALUE_MAX);
}
