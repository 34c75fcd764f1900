namespace Treeline.Tests.Stress.Model;

/// <summary>What can be done to a scope.</summary>
internal enum DeedKind
{
    Cancel,
    Stop,
    CancelOuterToken,
    SetDeadline,
}
