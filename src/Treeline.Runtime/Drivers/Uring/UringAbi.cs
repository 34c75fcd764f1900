namespace Treeline.Drivers.Uring;

/// <summary>The numbers of the kernel's interface, named as in <c>linux/io_uring.h</c>, where each is explained.</summary>
internal static class UringAbi
{
    // System calls: the same numbers on every architecture that .NET runs on.
    public const int SysSetup = 425;
    public const int SysEnter = 426;
    public const int SysRegister = 427;

    public const uint SetupCqSize = 1 << 3;
    public const uint SetupDisabled = 1 << 6;
    public const uint SetupSubmitAll = 1 << 7;
    public const uint SetupTaskRunFlag = 1 << 9;
    public const uint SetupSingleIssuer = 1 << 12;
    public const uint SetupDeferTaskRun = 1 << 13;

    public const uint EnterGetEvents = 1 << 0;
    public const uint EnterExtArg = 1 << 3;

    public const uint RegisterEnableRings = 12;
    public const uint RegisterBufferRing = 22;

    public const uint SubmissionsOverflown = 1 << 1;
    public const uint SubmissionsTaskRun = 1 << 2;

    public const nint OffsetOfRings = 0;
    public const nint OffsetOfEntries = 0x10000000;

    public const byte OpPollAdd = 6;
    public const byte OpAccept = 13;
    public const byte OpCancel = 14;
    public const byte OpConnect = 16;
    public const byte OpRead = 22;
    public const byte OpSend = 26;
    public const byte OpReceive = 27;

    public const byte SelectsBuffer = 1 << 5;

    public const ushort ReceiveMultishot = 1 << 1;
    public const ushort AcceptMultishot = 1 << 0;
    public const uint CancelAny = 1 << 2;
    public const uint CancelAll = 1 << 0;

    public const uint CompletionHasBuffer = 1 << 0;
    public const uint CompletionHasMore = 1 << 1;
}
